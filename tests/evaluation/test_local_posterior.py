"""The best Gaussian of an example, where it is known: the exact posterior."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.evaluation.compiled import KEY, sampled
from tests.oracles.ppca import LATENT
from vaex.errors import InputError
from vaex.evaluation.densities_of_z import (
    joint_density,
    lacks_density,
    posterior_moments,
)
from vaex.evaluation.local_posterior import make_local_posterior
from vaex.likelihoods.fixed_scale_gaussian import FixedScaleGaussian
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.posteriors.von_mises_fisher import VonMisesFisher

NUM = 8


def exact_posterior(oracle):
    """Mean [N, L] and standard deviation [L] of p(z|x), from the head's weights."""
    head = oracle.variables["params"]["likelihood"]["projection"]
    weights, mean = np.asarray(head["kernel"], np.float64).T, np.asarray(head["bias"])
    inverse = 1 / (np.diag(weights.T @ weights) + 0.16)
    return (oracle.x[:NUM] - mean) @ weights * inverse, 0.4 * np.sqrt(inverse)


@pytest.fixture(scope="module")
def fitted():
    """From a posterior half a deviation off and half too wide."""
    oracle = sampled()
    fit = make_local_posterior(
        oracle.model, num_steps=150, num_samples=4, learning_rate=0.1
    )
    rows = {"x": jnp.asarray(oracle.x[:NUM, None])}
    keys = jax.random.split(KEY, NUM)
    return jax.jit(jax.vmap(fit, in_axes=(None, 0, 0)))(oracle.variables, keys, rows)


def test_the_optimum_is_the_exact_posterior_and_its_elbo_log_px(fitted):
    oracle, (loc, scale) = sampled(), exact_posterior(sampled())
    # At the exact posterior log p(x, z) - log q(z) has no noise, nor has the gradient.
    np.testing.assert_allclose(fitted.elbo, oracle.log_px[:NUM], atol=2e-3)
    assert np.abs((fitted.loc - loc) / scale).max() < 0.02
    assert np.abs(fitted.scale / scale - 1).max() < 0.02


def test_the_start_is_the_amortised_elbo(fitted):
    """log p(x) - KL(q || p(z|x)), by shift 0.5 (of q's scale) and stretch 1.5."""
    kl = LATENT * (0.5 * (1.5**2 + (0.5 * 1.5) ** 2 - 1) - np.log(1.5))
    expected = sampled().log_px[:NUM] - kl
    # 128 draws in pairs: a standard deviation of about 1.5 nats over sqrt(64).
    error = np.asarray(fitted.start_elbo) - expected
    assert np.abs(error).max() < 4 * 0.2
    assert abs(error.mean()) < 4 * 0.2 / np.sqrt(NUM)


def test_densities_are_those_of_the_model():
    oracle = sampled()
    batch = {"x": jnp.asarray(oracle.x[:1])}
    terms = oracle.model.apply(
        oracle.variables, batch, num_samples=3, train=False, method="terms",
        rngs={"sample": KEY},
    )  # fmt: skip
    density = joint_density(oracle.model, oracle.variables, batch)
    z = terms.z[:, 0]
    np.testing.assert_allclose(density.log_px_z(z), terms.log_px_z[:, 0], rtol=1e-5)
    np.testing.assert_allclose(density.log_pz(z), terms.log_pz[:, 0], rtol=1e-5)
    moments, is_exact = posterior_moments(oracle.model, oracle.variables, batch, KEY)
    loc, scale = exact_posterior(oracle)
    assert is_exact
    np.testing.assert_allclose(moments.loc, loc[0] + 0.75 * scale, rtol=1e-4)
    np.testing.assert_allclose(moments.scale, 1.5 * scale, rtol=1e-4)


def test_what_has_no_density_is_refused_with_the_reason():
    model = sampled().model
    loss = model.clone(likelihood=MeanSquaredError(event_shape=(6,)))
    sphere = model.clone(posterior=VonMisesFisher(3), prior=types.SimpleNamespace())
    assert lacks_density(model.clone(likelihood=FixedScaleGaussian((6,)))) is None
    with pytest.raises(InputError, match="fitted to one example: the likelihood head"):
        make_local_posterior(loss)
    assert "its space is" in str(lacks_density(sphere))
    with pytest.raises(InputError, match="num_samples must be even and at least 2"):
        make_local_posterior(model, num_samples=3)
    with pytest.raises(InputError, match="num_steps must be at least 1, got 0"):
        make_local_posterior(model, num_steps=0)
    with pytest.raises(InputError, match="learning_rate must be above 0, got 0.0"):
        make_local_posterior(model, learning_rate=0.0)
