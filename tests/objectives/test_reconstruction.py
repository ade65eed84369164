"""Autoencoders without a rate, on a linear decoder whose slope is known."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.models.parts import Deterministic
from tests.oracles.ppca import LATENT, ppca
from vaex.objectives.reconstruction import autoencoder, gradient_penalized_autoencoder

ORACLE = ppca(0.5, 1.4)
X = jnp.asarray(ORACLE.x)


def run(objective, params, key=0, **options):
    def call(model):
        loss, metrics = objective(model, {"x": X}, train=True, **options)
        return loss, metrics

    rngs = {"sample": jax.random.key(1), "objective": jax.random.key(key)}
    return nn.apply(call, ORACLE.model)({"params": params}, rngs=rngs)


@pytest.mark.slow
def test_the_norm_is_of_the_samples_and_the_ledger_is_plain():
    def call(model):
        terms = model.terms({"x": X}, num_samples=1, train=True)
        return terms.z, terms.log_px_z

    rngs = {"sample": jax.random.key(1)}
    z, log_px_z = nn.apply(call, ORACLE.model)(ORACLE.variables, rngs=rngs)
    loss, metrics = run(autoencoder, ORACLE.variables["params"], latent_norm=3.0)
    norm = np.square(np.asarray(z, np.float64)).sum(-1).mean()
    expected = -np.asarray(log_px_z, np.float64).mean() + 1.5 * norm
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert float(metrics["rate"]) == pytest.approx(ORACLE.kl.sum(-1).mean(), rel=1e-5)
    assert set(metrics) == {"elbo", "distortion", "rate"}


@functools.cache
def slopes():
    """[2000] estimates of the decoder's squared slope, and their gradients."""

    @quick_jit
    def everything(params, keys):
        def one(key):
            def slope(params):
                objective = gradient_penalized_autoencoder
                rngs = {"sample": jax.random.key(1), "objective": key}

                def call(model):
                    return objective(model, {"x": X[:4]}, train=True)[1]["slope"]

                return nn.apply(call, ORACLE.model)({"params": params}, rngs=rngs)

            return jax.value_and_grad(slope)(params)

        return jax.lax.map(one, keys, batch_size=50)

    keys = jax.random.split(jax.random.key(9), 2000)
    return jax.device_get(everything(ORACLE.variables["params"], keys))


def within(samples, expected):
    samples = samples.astype(np.float64)
    error = samples.std(0, ddof=1) / np.sqrt(len(samples))
    return (np.abs(samples.mean(0) - expected) < 4.5 * error + 1e-6).all()


def test_the_slope_of_a_linear_decoder_is_the_norm_of_its_kernel():
    values, gradient = slopes()
    kernel = np.asarray(
        ORACLE.variables["params"]["likelihood"]["projection"]["kernel"], np.float64
    )
    assert within(values, np.square(kernel).sum())
    assert within(gradient["likelihood"]["projection"]["kernel"], 2 * kernel)
    # A linear decoder has one slope everywhere: the encoder feels nothing of it.
    for leaf in jax.tree.leaves(gradient["posterior"]):
        np.testing.assert_allclose(leaf, 0.0, atol=1e-5)


@pytest.mark.slow
def test_the_penalty_is_added_with_its_weight():
    params = ORACLE.variables["params"]
    start, _ = run(autoencoder, params, latent_norm=0.3)
    loss, metrics = run(
        gradient_penalized_autoencoder, params, latent_norm=0.3, penalty=2.0
    )
    expected = float(start) + 2.0 * float(metrics["slope"])
    assert float(loss) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("objective", [autoencoder, gradient_penalized_autoencoder])
def test_a_deterministic_posterior_will_do(objective):
    model = ORACLE.model.clone(posterior=Deterministic(LATENT))

    def call(model):
        return objective(model, {"x": X[:4]}, train=True)

    names = ("params", "sample", "objective")
    keys = {name: jax.random.key(i) for i, name in enumerate(names)}
    (loss, metrics), _ = nn.init_with_output(call, model)(keys)
    assert np.isfinite(float(loss))
    assert set(metrics) <= {"distortion", "slope"}
