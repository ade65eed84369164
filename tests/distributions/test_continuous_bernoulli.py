"""Beyond the contract: published constants, the removable singularity, gradients."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from tensorflow_probability.substrates.jax import distributions as tfd

from vaex.distributions.continuous_bernoulli import ContinuousBernoulli

NAMES = ("A", "mean", "variance", "entropy")
LOGITS = [0.0, 1e-4, -1e-4, 1e-3, 0.04, 0.06, 0.999, 1.001, 3.0, 20.0, -20.0, 100.0]
LOGITS += [1e4, -1e4]


def exact(logit: float) -> dict[str, float]:
    """A(l), its derivatives and the entropy, by mpmath at 40 digits."""
    with mpmath.workdps(40):
        t = mpmath.mpf(float(np.float32(logit)))
        if t == 0:
            return dict(zip(NAMES, (0.0, 0.5, 1 / 12, 0.0), strict=True))
        log_partition = mpmath.log(mpmath.expm1(t) / t)
        mean = 1 / (1 - mpmath.exp(-t)) - 1 / t
        variance = 1 / t**2 - mpmath.exp(t) / mpmath.expm1(t) ** 2
        values = log_partition, mean, variance, log_partition - t * mean
        return dict(zip(NAMES, map(float, values), strict=True))


def from_probs(probs: float) -> ContinuousBernoulli:
    return ContinuousBernoulli(np.log(probs / (1 - probs)))


@pytest.mark.parametrize(
    ("probs", "log_normalizer"),
    [(0.01, 1.545198), (0.1, 1.010339), (0.3, 0.750588), (0.5, 0.693147)],
)
def test_log_normalizer_by_table(probs, log_normalizer):
    """Log C(lambda) = log(2 artanh(1 - 2 lambda) / (1 - 2 lambda)), in float64."""
    actual = from_probs(probs).log_normalizer()
    np.testing.assert_allclose(actual, log_normalizer, atol=1e-6)


@pytest.mark.parametrize(("probs", "mean"), [(0.1, 0.330120), (0.3, 0.430223)])
def test_mean_by_table(probs, mean):
    """lambda / (2 lambda - 1) + 1 / (2 artanh(1 - 2 lambda)), in float64."""
    np.testing.assert_allclose(from_probs(probs).mean(), mean, atol=1e-6)


def test_moments_and_entropy_at_all_sizes_of_the_logit():
    d = ContinuousBernoulli(jnp.array(LOGITS))
    actual = jax.jit(lambda d: (d.log_prob(0.0), d.mean(), d.variance(), d.entropy()))(
        d
    )
    expected = [[exact(logit)[name] for logit in LOGITS] for name in NAMES]
    np.testing.assert_allclose(-actual[0], expected[0], rtol=2e-7, atol=2e-7)
    np.testing.assert_allclose(actual[1], expected[1], rtol=5e-7)
    np.testing.assert_allclose(actual[2], expected[2], rtol=5e-6)
    np.testing.assert_allclose(actual[3], expected[3], rtol=5e-7, atol=3e-7)


@pytest.mark.parametrize("x", [0.0, 0.3, 1.0])
def test_gradient_is_value_minus_mean(x):
    slope = jax.jit(
        jax.grad(lambda logits: ContinuousBernoulli(logits).log_prob(x).sum())
    )
    expected = [x - exact(logit)["mean"] for logit in LOGITS]
    np.testing.assert_allclose(slope(jnp.array(LOGITS)), expected, atol=2e-7)


def test_log_prob_agrees_with_tfp():
    logits, x = (
        jnp.array([-20.0, -3.0, -0.5, 0.5, 3.0, 20.0]),
        jnp.array([[0.2], [0.9]]),
    )
    theirs = tfd.ContinuousBernoulli(logits=logits).log_prob(x)
    ours = ContinuousBernoulli(logits).log_prob(x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-6)


def test_log_prob_is_the_bernoulli_formula_plus_the_normaliser():
    d, x = ContinuousBernoulli(jnp.array(LOGITS[:-2])), 0.3
    cross_entropy = x * d.logits - jax.nn.softplus(d.logits)
    expected = cross_entropy + d.log_normalizer()
    np.testing.assert_allclose(d.log_prob(x), expected, rtol=1e-5, atol=1e-6)


def test_samples_are_continuous_in_the_logit(getkey):
    """Also where the series takes over: one key, neighbouring logits."""
    key, edges = getkey(), jnp.array([0.05, -0.05])

    def draw(logit):
        return ContinuousBernoulli(logit).sample(seed=key, sample_shape=(100,))

    draw = jax.jit(jax.vmap(draw))
    inside, outside = (draw(edges * (1 + t)) for t in (-1e-6, 1e-6))
    np.testing.assert_allclose(inside, outside, atol=1e-6)


def test_samples_are_reparameterised(getkey):
    """d E[x] / dl = Var[x]; z-score below 4 over 20 000 draws."""
    logits, n = jnp.array([-1e4, -8.0, -0.06, 0.0, 0.04, 2.0, 1e4]), 20_000

    def draw(logit, key):
        return ContinuousBernoulli(logit).sample(seed=key)

    slopes = jax.jit(jax.vmap(jax.vmap(jax.grad(draw), (0, None)), (None, 0)))(
        logits, jax.random.split(getkey(), n)
    )
    error = slopes.std(0) / np.sqrt(n)
    expected = [exact(float(logit))["variance"] for logit in logits]
    assert (np.abs(slopes.mean(0) - np.array(expected)) < 4 * error).all()


def test_samples_span_the_support_at_any_logit(getkey):
    d = ContinuousBernoulli(jnp.array([-1e4, 1e4]))
    x = jax.jit(lambda key: d.sample(seed=key, sample_shape=(1000,)))(getkey())
    assert ((x >= 0) & (x <= 1)).all()
    np.testing.assert_allclose(x.mean(0), [1e-4, 1 - 1e-4], atol=4e-4 / np.sqrt(1000))
