"""Categorical vectors against numpy, TensorFlow Probability, quadrature and counts."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow_probability.substrates.jax.distributions as tfd
from scipy import integrate, special, stats

from tests.contracts.compiled import quick_jit
from vaex.distributions.categorical_vectors import (
    one_hot_categoricals,
    relaxed_categoricals,
    straight_through_categoricals,
)
from vaex.distributions.kl import closed_form_kl, has_closed_form, monte_carlo_kl

B, V, C = 2, 3, 4
LOGITS = np.random.default_rng(0).normal(size=(B, V, C)).astype(np.float32)
OTHERS = np.random.default_rng(1).normal(size=(V, C)).astype(np.float32)
CODES = np.array(
    [np.eye(C)[list(which)].ravel() for which in itertools.product(range(C), repeat=V)],
    np.float32,
)  # [C^V, L]


def log_softmax(logits):
    return special.log_softmax(logits.astype(np.float64), -1)


def test_one_hot_vectors_and_their_kl_by_enumeration():
    log_p = log_softmax(LOGITS)
    expected = np.einsum("kvc,bvc->kb", CODES.reshape(-1, V, C), log_p)

    @quick_jit
    def everything(logits, others):
        q, p = one_hot_categoricals(logits), one_hot_categoricals(others)
        z = jnp.broadcast_to(CODES[:, None], (len(CODES), B, V * C))
        log_prob, kl = q.log_prob(z), closed_form_kl(q, p)
        moments = q.mean(), q.mode(), q.entropy()
        return log_prob, kl, monte_carlo_kl(q, p, z), moments

    log_prob, kl, estimates, (mean, mode, entropy) = everything(LOGITS, OTHERS)
    np.testing.assert_allclose(log_prob, expected, rtol=1e-5)
    mass = np.exp(expected)
    np.testing.assert_allclose(mass.sum(0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(mean, mass.T @ CODES, rtol=1e-5)
    np.testing.assert_array_equal(mode, CODES[expected.argmax(0)])
    np.testing.assert_allclose(entropy, -(mass * expected).sum(0), rtol=1e-5)
    each = (np.exp(log_p) * (log_p - log_softmax(OTHERS))).sum(-1)
    assert kl.shape == (B, V)
    np.testing.assert_allclose(kl, each, rtol=1e-5)
    assert estimates.shape == (len(CODES), B, V)
    # Expected over all codes, the estimates are the KL of each variable.
    np.testing.assert_allclose(
        (mass[..., None] * estimates).sum(0), each, rtol=1e-5, atol=1e-6
    )


def test_samples_are_counted_as_the_probabilities_say():
    draws = 20_000

    @quick_jit
    def draw(key):
        q = one_hot_categoricals(LOGITS)
        return q.sample(seed=key, sample_shape=(draws,)).reshape(draws, B, V, C)

    z = np.asarray(draw(jax.random.key(0)))
    assert set(np.unique(z)) == {0.0, 1.0}
    assert (z.sum(-1) == 1).all()
    counts, probs = z.sum(0).reshape(-1, C), np.exp(log_softmax(LOGITS)).reshape(-1, C)
    for count, prob in zip(counts, probs, strict=True):
        assert stats.chisquare(count, draws * prob).pvalue > 1e-3
    # Variables are independent: the pair of the first two is the product.
    pairs = np.einsum("nc,nd->cd", z[:, 0, 0], z[:, 0, 1]).ravel()
    assert stats.chisquare(pairs, draws * np.outer(*probs[:2]).ravel()).pvalue > 1e-3


@pytest.mark.parametrize("temperature", [None, 0.5])
def test_straight_through_is_one_hot_in_value_and_smooth_in_slope(temperature):
    weights = np.random.default_rng(2).normal(size=(B, V * C)).astype(np.float32)

    @quick_jit
    def everything(logits, key):
        def pulled(logits):
            z = straight_through_categoricals(logits, temperature).sample(seed=key)
            return (weights * z).sum(), z

        def smooth(logits):
            """Softmax of logits, or of logits and the noise over the temperature."""
            if temperature is not None:
                # One draw: sample() asks for sample shape (1,) and drops the axis.
                noise = jax.random.gumbel(key, (1, B, V, C))[0]
                logits = (logits + noise) / temperature
            return (weights * jax.nn.softmax(logits).reshape(B, -1)).sum()

        (_, z), slope = jax.value_and_grad(pulled, has_aux=True)(logits)
        exact = one_hot_categoricals(logits).sample(seed=key)
        return z, exact, slope, jax.grad(smooth)(logits)

    z, exact, slope, expected = everything(LOGITS, jax.random.key(3))
    np.testing.assert_array_equal(z, exact)
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-6)
    assert (np.abs(expected) > 1e-3).any()


def test_the_relaxed_density_is_that_of_tensorflow_probability():
    temperatures = np.array([0.3, 1.7], np.float32)

    @quick_jit
    def everything(key):
        d = relaxed_categoricals(LOGITS, temperatures)
        z, log_prob = d.sample_and_log_prob(seed=key, sample_shape=(50,))
        blocks = z.reshape(50, B, V, C)
        twin = tfd.RelaxedOneHotCategorical(temperatures[:, None], logits=LOGITS)
        by_variable = d.log_prob_by_variable(z)
        return blocks, log_prob, by_variable, twin.log_prob(blocks), d.log_prob(z)

    z, log_prob, by_variable, expected, again = everything(jax.random.key(0))
    np.testing.assert_allclose(z.sum(-1), 1.0, rtol=1e-5)
    # Both are sums of float32 terms of order 100, where components are small.
    np.testing.assert_allclose(by_variable, expected, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(log_prob, by_variable.sum(-1), rtol=1e-6, atol=1e-5)
    np.testing.assert_array_equal(log_prob, again)


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_relaxed_samples_follow_the_density_between_two_categories(temperature):
    """P(z_1 <= x) = sigmoid(t logit(x) - (l_1 - l_2)), of which the density is the
    slope: both are held against it, samples by Kolmogorov and Smirnov."""
    logits, draws = np.array([[0.7, -0.4]], np.float32), 5000

    def cdf(x):
        gap = float(logits[0, 0] - logits[0, 1])
        return special.expit(temperature * special.logit(x) - gap)

    x = np.linspace(1e-3, 1 - 1e-3, 2001)

    @quick_jit
    def everything(key):
        d = relaxed_categoricals(logits, temperature)
        points = jnp.stack([x, 1.0 - x], -1)
        return d.sample(seed=key, sample_shape=(draws,)), d.log_prob(points)

    z, log_prob = everything(jax.random.key(1))
    inside = integrate.simpson(np.exp(np.asarray(log_prob, np.float64)), x=x)
    # Simpson's rule beside a density that is infinite or steep at the ends.
    assert inside == pytest.approx(cdf(x[-1]) - cdf(x[0]), rel=2e-3)
    slope = np.gradient(cdf(x), x)[100:-100]
    # Central differences of the distribution function, with steps of 5e-4.
    np.testing.assert_allclose(np.exp(log_prob)[100:-100], slope, rtol=1e-3)
    assert stats.kstest(np.asarray(z[:, 0], np.float64), cdf).pvalue > 1e-3


def test_the_relaxed_density_of_three_categories_has_mass_one():
    """Over the triangle, in the coordinates y = log(z_c / z_3) of the plane."""
    y = np.linspace(-30, 30, 241)
    first, second = np.meshgrid(y, y, indexing="ij")
    log_z = log_softmax(np.stack([first, second, 0 * first], -1))
    z = np.exp(log_z).astype(np.float32)

    @quick_jit
    def log_density(z):
        return relaxed_categoricals(OTHERS[:1, :3], 0.8).log_prob(z)

    # dz_1 dz_2 = z_1 z_2 z_3 dy_1 dy_2; the trapezoidal rule on a decaying integrand.
    mass = np.exp(np.asarray(log_density(z), np.float64) + log_z.sum(-1))
    assert mass.sum() * (y[1] - y[0]) ** 2 == pytest.approx(1.0, abs=1e-5)


def test_cold_and_confident_samples_have_numbers_for_densities_and_slopes():
    logits = 300 * LOGITS

    @quick_jit
    def everything(key):
        def difference(logits):
            q = relaxed_categoricals(logits, 0.05)
            z, log_q = q.sample_and_log_prob(seed=key)
            return (relaxed_categoricals(OTHERS, 0.05).log_prob(z) - log_q).sum(), z

        return jax.value_and_grad(difference, has_aux=True)(logits)

    (value, z), slope = everything(jax.random.key(0))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
    assert (z > 0).all()


def test_what_is_relaxed_has_no_closed_form_beside_what_is_not():
    relaxed, exact = relaxed_categoricals(OTHERS, 0.5), one_hot_categoricals(OTHERS)
    straight = straight_through_categoricals(OTHERS)
    assert has_closed_form(straight, exact)
    assert not has_closed_form(relaxed, relaxed)
    assert not has_closed_form(relaxed, exact)
    assert not has_closed_form(exact, relaxed)
    with pytest.raises(NotImplementedError):
        relaxed.mean()
