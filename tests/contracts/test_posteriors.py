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
    standard,
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


every_inverse = pytest.mark.parametrize(
    "kind",
    [kind for kind in POSTERIORS if kind.has_density and kind.has_inverse],
    ids=lambda kind: kind.__name__,
)


def near(z, log_prob):
    """Normal distributions about the likeliest of samples [S, B, L], with four tenths
    of their spread: of lighter tails than theirs."""
    best = jnp.take_along_axis(z, log_prob.argmax(0)[None, :, None], 0)[0]
    away = z - z.mean(0)
    covariance = jnp.einsum("sbi,sbj->bij", away, away) / len(z)
    return distrax.MultivariateNormalTri(best, 0.4 * jnp.linalg.cholesky(covariance))


@functools.cache
def drawn(kind) -> list[Any]:
    """Two sets of samples [S, B, L] with their log-densities, of one program."""
    module, variables = posterior(kind)

    @quick_jit
    def draw(features, key):
        q = module.apply(variables, features)
        return q.sample_and_log_prob(seed=key, sample_shape=(S,))

    keys = jax.random.split(jax.random.key(0))
    return [jax.device_get(draw(features(), key)) for key in keys]


@functools.cache
def computed(kind) -> dict[str, Any]:
    """What the samples give, and one sample with its gradients, in one program."""
    module, variables = posterior(kind)

    @quick_jit
    def everything(features, key, *sets):
        q = module.apply(variables, features)
        assert q.event_shape == (LATENT,)
        assert q.batch_shape == (B,)

        def samples(features):
            return module.apply(variables, features).sample(seed=key)

        def reach(features):
            return jax.jacobian(lambda f: samples(f).sum())(features)

        found = {"z": samples(features), "slope": reach(features)}
        if kind.has_density:
            # The centre and spread of what is near come from other samples.
            (z, _), others = sets
            real = kind.space == "real vectors"
            there = near(*others) if real else standard(kind)
            found["near"] = there.log_prob(z)
            if has_closed_form(q, standard(kind)):
                found["kl"] = closed_form_kl(q, standard(kind))
                found["estimates"] = monte_carlo_kl(q, standard(kind), z)
        return found

    sets = drawn(kind) if kind.has_density else ()
    found = jax.device_get(everything(features(), jax.random.key(0), *sets))
    if kind.has_density:
        found["many"], found["log_prob"] = sets[0]
    return found


@pytest.mark.slow
@every_density
def test_samples_have_the_density_that_is_stated(kind):
    found = computed(kind)
    assert found["many"].shape == (S, B, LATENT)
    assert found["log_prob"].shape == (S, B)
    assert found["log_prob"].dtype == found["many"].dtype == np.float32
    assert np.isfinite(found["log_prob"]).all()
    if kind.has_inverse:
        module, variables = posterior(kind)
        score = quick_jit(lambda f, z: module.apply(variables, f).log_prob(z))
        again = score(features(), found["many"])
        np.testing.assert_allclose(found["log_prob"], again, rtol=1e-4, atol=1e-4)


@every_density
def test_samples_of_a_density_of_mass_one(kind):
    """E_q r(z)/q(z) = 1 for a density r that is small wherever q is."""
    found = computed(kind)
    ratios = np.exp((found["near"] - found["log_prob"]).astype(np.float64))
    se = ratios.std(0, ddof=1) / np.sqrt(S)
    assert (se < 0.1).all()
    assert np.abs((ratios.mean(0) - 1.0) / se).max() < 4.5


@pytest.mark.parametrize(
    "kind",
    [kind for kind in POSTERIORS if kind.has_density and not kind.has_inverse],
    ids=lambda kind: kind.__name__,
)
def test_a_posterior_without_an_inverse_says_so(kind):
    module, variables = posterior(kind)
    with pytest.raises(InputError, match="has no inverse.*sample_and_log_prob"):
        module.apply(variables, features()).log_prob(jnp.zeros((B, LATENT)))


@every_posterior
def test_equal_shapes_are_traced_once(kind):
    module, variables = posterior(kind)
    traces = []

    @quick_jit
    def step(q, key):
        traces.append(1)
        return q, q.sample(seed=key)

    make = quick_jit(lambda f: module.apply(variables, f))
    q = make.eval_shape(features())  # which shares traces with calls
    for number in range(3):
        q, z = step.eval_shape(q, jax.random.key(number))
    assert len(traces) == 1
    assert (z.shape, q.event_shape, q.batch_shape) == ((B, LATENT), (LATENT,), (B,))


@every_posterior
def test_gradients_flow_through_samples(kind):
    """Or nowhere, where the posterior says so."""
    found = computed(kind)
    assert found["z"].shape == (B, LATENT)
    assert np.isfinite(found["slope"]).all()
    if kind.is_reparameterized:
        assert (found["slope"] != 0).all(1).any()
    else:
        assert (found["slope"] == 0).all()


@every_density
def test_closed_form_kl_is_the_mean_of_its_estimates(kind):
    found = computed(kind)
    if "kl" not in found:
        pytest.skip("no closed form with the standard prior")
    estimates, expected = found["estimates"].astype(np.float64), found["kl"]
    groups = posterior(kind).module.num_groups
    assert expected.shape == (B, groups)
    assert estimates.shape == (S, B, groups)
    se = estimates.std(0, ddof=1) / np.sqrt(S)
    assert np.abs((estimates.mean(0) - expected) / se).max() < 4.5
    assert (expected >= 0).all()


@every_inverse
def test_a_factorized_posterior_is_a_sum_over_dimensions(kind):
    module, variables = posterior(kind)

    @quick_jit
    def log_prob(z):
        return module.apply(variables, features()).log_prob(z[:, None])

    if module.num_groups == LATENT:
        assert off_sum(log_prob) < 1e-3


@pytest.mark.slow
@every_density
def test_jit_and_vmap_agree_with_a_loop(kind):
    module, variables = posterior(kind)

    def pair(row, key):
        q = module.apply(variables, row[None])
        return q.sample_and_log_prob(seed=key, sample_shape=(2,))

    keys = jax.random.split(jax.random.key(5), B)
    mapped = quick_jit(jax.vmap(pair))(features(), keys)
    loop = [pair(features()[b], keys[b]) for b in range(B)]
    for found, expected in zip(mapped, zip(*loop, strict=True), strict=True):
        np.testing.assert_allclose(found, np.stack(expected), rtol=1e-5, atol=1e-5)


@every_inverse
def test_densities_under_jit_and_vmap_agree_with_a_loop(kind):
    module, variables = posterior(kind)

    def log_prob(features, z):
        return module.apply(variables, features).log_prob(z)

    z = computed(kind)["z"]
    whole = quick_jit(log_prob)(features(), z)
    mapped = quick_jit(jax.vmap(log_prob))(features()[:, None], z[:, None])[:, 0]
    single = quick_jit(log_prob)
    loop = [single(features()[[b]], z[[b]])[0] for b in range(B)]
    np.testing.assert_allclose(whole, loop, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(mapped, loop, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@every_density
def test_extreme_features_give_numbers(kind):
    module, variables = posterior(kind)

    @quick_jit
    def everything(features, key):
        def loss(features):
            q = module.apply(variables, features)
            z, log_prob = q.sample_and_log_prob(seed=key)
            return log_prob.sum() + standard(kind).log_prob(z).sum()

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
    for arguments in ({"latent_dim": 0}, {"min_scale": 0.0}):
        ((name, value),) = arguments.items()
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
