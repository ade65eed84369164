"""Beyond the contract: large counts in float32, tails, samples at the extremes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from vaex.distributions._stirling import log_factorial_excess
from vaex.distributions.binomial import Binomial

# n, x, logit, log p(x): mpmath 1.4 at 40 digits,
# loggamma(n+1) - loggamma(x+1) - loggamma(n-x+1) + x l - n log1p(exp(l)).
GOLDEN = [
    (5, 4, 0.5, -1.260947008466433),
    (255, 0, 0.5, -248.3896309659272),
    (255, 102, -0.5, -3.2487028616928937),
    (255, 255, 3.0, -12.389774651304226),
    (1000, 0, -7.0, -0.9114664537742447),
    (10000, 4000, 0.75, -1643.4039679866967),
    (10000, 7000, 0.75, -14.810856794331478),
    (100000, 50000, 0.0, -5.982256585129842),
    (100000, 50300, 0.0, -7.782249385081361),
    (1000000, 0, 0.0, -693147.1805599453),
    (1000000, 500000, 0.0, -7.133546881626865),
    (1000000, 502500, 0.0, -19.63358646533312),
    (1000000, 499000, 0.0, -9.133546214959665),
    (1000000, 47426, -3.0, -6.278109670386207),
    (1000000, 880000, 2.0, -9.722416327001174),
    (1000000, 1, -14.0, -1.01601781541948),
]


def test_log_prob_of_large_counts():
    """Relative to 1 + |log p|: 1e-6 up to n = 1e4, 1e-5 where n p is rounded."""
    n, x, logit, expected = np.array(GOLDEN).T
    actual = jax.jit(lambda d, x: d.log_prob(x))(Binomial(n, logit), x)
    error = np.abs(np.asarray(actual, np.float64) - expected) / (1 + np.abs(expected))
    assert (error < np.where(n <= 10_000, 1e-6, 1e-5)).all(), error


def test_gradient_is_count_minus_mean():
    n = np.array([1.0, 10.0, 1000.0, 1e6])[:, None]
    logit = np.array([-3.0, 0.0, 2.0])
    mean, p = n * expit(logit), expit(logit)
    scale = np.sqrt(mean * (1 - p))
    ends = np.zeros_like(mean), n + np.zeros_like(mean)
    near = mean, mean - 3 * scale, mean + 3 * scale
    x = np.round(np.clip([*ends, *near], 0, n))

    def total(logits):
        return Binomial(n, logits).log_prob(x).sum()

    logits = jnp.broadcast_to(jnp.array(logit, jnp.float32), x.shape)
    slope = jax.jit(jax.grad(total))(logits)
    np.testing.assert_array_less(
        np.abs(slope - (x - mean)), 1e-6 * np.abs(x - mean) + 1e-4 * (1 + scale)
    )


@pytest.mark.parametrize(("n", "logit"), [(1000, -1e4), (1000, 1e4), (255, 200.0)])
def test_certain_outcomes(n, logit):
    d, likely = Binomial(n, logit), n if logit > 0 else 0
    assert d.log_prob(likely) == 0.0
    np.testing.assert_allclose(d.log_prob(n - likely), -n * abs(logit), rtol=1e-6)
    assert d.mode() == d.mean() == likely


def test_outside_the_support():
    assert Binomial(5, 0.3).log_prob(jnp.array([-1.0, 6.0])).tolist() == [-np.inf] * 2
    assert Binomial(0, 0.3).log_prob(0.0) == 0.0


def test_entropy_is_left_out():
    with pytest.raises(NotImplementedError, match="entropy"):
        Binomial(5, 0.3).entropy()


def test_ties_go_to_the_larger_count():
    assert Binomial(1, 0.0).mode() == 1.0
    assert Binomial(3, 0.0).mode() == 2.0


def goodness_of_fit(key, n, logit, draws, bins) -> list[float]:
    """Chi-squared p-values over bins of equal mass, one for each n and logit."""
    sample = jax.jit(lambda d, key: d.sample(seed=key, sample_shape=draws))
    samples = np.asarray(sample(Binomial(n, logit), key), np.float64)
    assert (samples == np.round(samples)).all()
    found = []
    for x, count, p in zip(samples.T, n, expit(logit), strict=True):
        twin = stats.binom(count, p)
        edges = np.unique([-1, *twin.ppf(np.arange(1, bins) / bins), count])
        expected = draws * np.diff(twin.cdf(edges))
        observed, _ = np.histogram(x, edges + 0.5)
        statistic = ((observed - expected) ** 2 / expected).sum()
        found.append(float(stats.chi2(len(expected) - 1).sf(statistic)))
    return found


@pytest.mark.slow
def test_samples_of_large_counts(getkey):
    """Level 1e-3. At logit 16 it is 1 - p = 1.1e-7, lost in float32, that decides."""
    n = np.array([100, 10_000, 300_000, 1_000_000])
    logit = np.array([-2.0, 0.5, -1.0, 16.0])
    assert min(goodness_of_fit(getkey(), n, logit, 50_000, 20)) > 1e-3


@pytest.mark.slow
def test_samples_of_a_million_trials(getkey):
    """400 000 draws, enough for `jax.random.binomial` in one piece to fail (1.4e-4)."""
    n, logit = np.array([1_000_000, 1_000_000]), np.array([-0.875, -4.5])
    assert min(goodness_of_fit(getkey(), n, logit, 400_000, 60)) > 1e-3


def test_log_factorial_excess():
    # log k! - k log k + k, mpmath 1.4 at 40 digits.
    expected = {
        0: 0.0,
        1: 1.0,
        2: 1.3068528194400546,
        3: 1.4959226032237258,
        10: 2.0785616431350586,
        1000: 4.372899506026297,
        1000000: 7.826693895520143,
    }
    actual = log_factorial_excess(jnp.array(list(expected), jnp.float32))
    np.testing.assert_allclose(actual, list(expected.values()), rtol=2e-7, atol=3e-7)
