import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from vaex.distributions.bernoulli import Bernoulli


@pytest.mark.parametrize("logit", [0.0, 1.0, 16.0, 100.0, 1e4])
def test_a_wrong_pixel_costs_its_logit(logit):
    exact = np.logaddexp(0.0, logit)
    np.testing.assert_allclose(Bernoulli(logit).log_prob(0.0), -exact, rtol=1e-7)
    np.testing.assert_allclose(Bernoulli(-logit).log_prob(1.0), -exact, rtol=1e-7)


def test_gradient_is_value_minus_probability():
    """And the second derivative -p (1 - p), at 0 too, where max and |.| have kinks."""
    logits = jnp.array([-1e4, -3.0, 0.0, 0.5, 1e4])
    p = expit(np.asarray(logits, np.float64))

    def log_prob(logit, x):
        return Bernoulli(logit).log_prob(x)

    slope, curvature = jax.jit(
        lambda *args: (
            jax.vmap(jax.grad(log_prob), (0, None))(*args),
            jax.vmap(jax.grad(jax.grad(log_prob)), (0, None))(*args),
        )
    )(logits, 0.3)
    np.testing.assert_allclose(slope, 0.3 - p, rtol=1e-6)
    np.testing.assert_allclose(curvature, -p * (1 - p), atol=1e-7)


def test_soft_targets_interpolate():
    d = Bernoulli(jnp.array([-200.0, -1.0, 0.0, 2.0, 200.0]))
    mixed = 0.25 * d.log_prob(1.0) + 0.75 * d.log_prob(0.0)
    np.testing.assert_allclose(d.log_prob(0.25), mixed, rtol=1e-6)


def test_agrees_with_distrax():
    logits = jnp.linspace(-20.0, 20.0, 41)
    ours, theirs = Bernoulli(logits), distrax.Bernoulli(logits=logits)
    for x in (0.0, 0.4, 1.0):
        np.testing.assert_allclose(ours.log_prob(x), theirs.log_prob(x), rtol=1e-6)
    np.testing.assert_allclose(ours.mean(), theirs.mean(), rtol=1e-6)
    np.testing.assert_array_equal(ours.mode(), theirs.mode())


def test_a_right_pixel_costs_little_and_not_nothing():
    """-log1p(exp(-20)) = -2.0611536e-09, which 20 - softplus(20) loses."""
    np.testing.assert_allclose(Bernoulli(20.0).log_prob(1.0), -np.exp(-20.0), rtol=1e-6)


def test_a_tie_goes_to_zero():
    assert Bernoulli(0.0).mode() == 0.0
    assert Bernoulli(1e-6).mode() == 1.0


def test_entropy_in_the_tails():
    # H = log1p(exp(-l)) + l / (1 + exp(l)), at l = 20 in float64: 4.3284e-08.
    np.testing.assert_allclose(
        Bernoulli(jnp.array([20.0, -20.0])).entropy(), 21 * np.exp(-20.0), rtol=1e-6
    )
