"""What every posterior must do; new files in vaex/posteriors are found."""

import functools
import inspect
from typing import Any

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.contracts.latents import (
    FEATURES,
    LATENT,
    POSTERIORS,
    B,
    features,
    off_sum,
    posterior,
)
from vaex.distributions.kl import closed_form_kl, has_closed_form, monte_carlo_kl
from vaex.errors import InputError
from vaex.posteriors.base import Posterior

S = 4000

every_posterior = pytest.mark.parametrize(
    "kind", POSTERIORS, ids=lambda kind: kind.__name__
)
every_density = pytest.mark.parametrize(
    "kind",
    [kind for kind in POSTERIORS if kind.has_density],
    ids=lambda kind: kind.__name__,
)


def standard():
    return distrax.Independent(distrax.Normal(jnp.zeros(LATENT), jnp.ones(LATENT)), 1)


@functools.cache
def computed(kind) -> dict[str, Any]:
    """Everything that one set of samples gives, in one program."""
    module, variables = posterior(kind)

    @quick_jit
    def everything(features, key):
        q = module.apply(variables, features)
        assert q.event_shape == (LATENT,)
        assert q.batch_shape == (B,)

        def samples(features):
            return module.apply(variables, features).sample(seed=key)

        def reach(features):
            return jax.jacobian(lambda f: samples(f).sum())(features)

        found = {"z": samples(features), "slope": reach(features)}
        if kind.has_density:
            z, log_prob = q.sample_and_log_prob(seed=key, sample_shape=(S,))
            found |= {"many": z, "log_prob": log_prob, "again": q.log_prob(z)}
            if has_closed_form(q, standard()):
                found["kl"] = closed_form_kl(q, standard())
                found["estimates"] = monte_carlo_kl(q, standard(), z)
        return found

    return jax.device_get(everything(features(), jax.random.key(0)))


@every_density
def test_samples_have_the_density_that_is_stated(kind):
    found = computed(kind)
    assert found["many"].shape == (S, B, LATENT)
    assert found["log_prob"].shape == (S, B)
    assert found["log_prob"].dtype == found["many"].dtype == np.float32
    assert np.isfinite(found["log_prob"]).all()
    np.testing.assert_allclose(found["log_prob"], found["again"], rtol=1e-4, atol=1e-4)


@every_posterior
def test_gradients_flow_through_samples(kind):
    found = computed(kind)
    assert found["z"].shape == (B, LATENT)
    assert np.isfinite(found["slope"]).all()
    assert (found["slope"] != 0).all(1).any()


@every_density
def test_closed_form_kl_is_the_mean_of_its_estimates(kind):
    found = computed(kind)
    if "kl" not in found:
        pytest.skip("no closed form with the standard prior")
    estimates, expected = found["estimates"].astype(np.float64), found["kl"]
    groups = LATENT if kind.is_factorized else 1
    assert expected.shape == (B, groups)
    assert estimates.shape == (S, B, groups)
    se = estimates.std(0, ddof=1) / np.sqrt(S)
    assert np.abs((estimates.mean(0) - expected) / se).max() < 4.5
    assert (expected >= 0).all()


@every_density
def test_a_factorized_posterior_is_a_sum_over_dimensions(kind):
    module, variables = posterior(kind)

    @quick_jit
    def log_prob(z):
        return module.apply(variables, features()).log_prob(z[:, None])

    if kind.is_factorized:
        assert off_sum(log_prob) < 1e-3


@every_density
def test_jit_and_vmap_agree_with_a_loop(kind):
    module, variables = posterior(kind)

    def log_prob(features, z):
        return module.apply(variables, features).log_prob(z)

    z = computed(kind)["z"]
    whole = quick_jit(log_prob)(features(), z)
    mapped = quick_jit(jax.vmap(log_prob))(features()[:, None], z[:, None])[:, 0]
    loop = [log_prob(features()[[b]], z[[b]])[0] for b in range(B)]
    np.testing.assert_allclose(whole, loop, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(mapped, loop, rtol=1e-5, atol=1e-5)


@every_density
def test_extreme_features_give_numbers(kind):
    module, variables = posterior(kind)

    @quick_jit
    def everything(features, key):
        def loss(features):
            q = module.apply(variables, features)
            z, log_prob = q.sample_and_log_prob(seed=key)
            return log_prob.sum() + standard().log_prob(z).sum()

        return jax.value_and_grad(loss)(features)

    value, slope = everything(1e3 * features(), jax.random.key(0))
    assert not np.isnan(value)
    assert not np.isnan(slope).any()


@every_posterior
def test_half_precision_features_give_float32(kind):
    module, variables = posterior(kind)
    half = jax.ShapeDtypeStruct((B, FEATURES), jnp.bfloat16)
    z = jax.eval_shape(
        lambda f: module.apply(variables, f).sample(seed=jax.random.key(0)), half
    )
    assert z.dtype == jnp.float32


@every_posterior
def test_a_posterior_refuses_what_cannot_work(kind):
    assert "num_params" not in inspect.signature(kind).parameters
    for arguments in ({"latent_dim": 0}, {"latent_dim": 2, "min_scale": 0.0}):
        *_, (name, value) = arguments.items()
        with pytest.raises(InputError, match=f"{name}.*{value}"):
            kind(**arguments)


def test_the_call_is_final():
    with pytest.raises(TypeError, match="Bad overrides __call__.*`distribution`"):
        type("Bad", (Posterior,), {"__call__": lambda self, features: None})


def test_a_posterior_without_a_hook_says_what_is_missing():
    class Empty(Posterior):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define `distribution`"):
        Empty().init(jax.random.key(0), jnp.zeros((B, FEATURES)))


def test_traced_settings_reach_the_hook():
    class Tempered(Posterior):
        def from_raw(self, raw, settings):
            scale = jnp.broadcast_to(settings["temperature"], raw.shape[:-1])
            return distrax.Independent(distrax.Normal(raw[..., 0], scale), 1)

    module = Tempered()

    @quick_jit
    def spread(temperature):
        settings = {"temperature": temperature}
        key = jax.random.key(0)
        q, _ = module.init_with_output(key, jnp.ones((B, FEATURES)), settings)
        return q.distribution.scale

    assert spread(0.5).tolist() == [[0.5] * LATENT] * B
    assert spread(2.0).tolist() == [[2.0] * LATENT] * B
