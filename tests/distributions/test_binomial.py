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


@pytest.mark.parametrize(("n", "x", "logit", "expected"), GOLDEN)
def test_log_prob_of_large_counts(n, x, logit, expected):
    """Relative to 1 + |log p|: 1e-6 up to n = 1e4, 1e-5 where n p is rounded."""
    tolerance = 1e-6 if n <= 10_000 else 1e-5
    error = float(Binomial(n, logit).log_prob(x)) - expected
    assert abs(error) < tolerance * (1 + abs(expected))


@pytest.mark.parametrize("logit", [-3.0, 0.0, 2.0])
@pytest.mark.parametrize("n", [1, 10, 1000, 1_000_000])
def test_gradient_is_count_minus_mean(n, logit):
    p = expit(logit)
    scale = np.sqrt(n * p * (1 - p))
    x = np.round(np.clip([0, n, n * p, n * p - 3 * scale, n * p + 3 * scale], 0, n))
    slope = jax.vmap(jax.grad(lambda l, x: Binomial(n, l).log_prob(x)), (None, 0))(
        logit, jnp.array(x, jnp.float32)
    )
    np.testing.assert_allclose(slope, x - n * p, rtol=1e-6, atol=1e-4 * (1 + scale))


@pytest.mark.parametrize(("n", "logit"), [(1000, -1e4), (1000, 1e4), (255, 80.0)])
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


@pytest.mark.parametrize(
    ("n", "logit"), [(100, -2.0), (10_000, 0.5), (1_000_000, 0.0), (1_000_000, -3.0)]
)
def test_samples_of_large_counts(n, logit, getkey):
    """Chi-squared over 20 bins of equal mass, 100 000 draws, level 1e-3.

    At n = 1e6 `jax.random.binomial` itself, in float32, fails this test.
    """
    draws = 100_000
    sample = jax.jit(
        lambda key: Binomial(n, logit).sample(seed=key, sample_shape=draws)
    )
    x = np.asarray(sample(getkey()), np.float64)
    twin = stats.binom(n, expit(np.float64(np.float32(logit))))
    assert (x == np.round(x)).all()
    edges = np.unique([-1, *twin.ppf(np.arange(1, 20) / 20), n])
    expected = draws * np.diff(twin.cdf(edges))
    observed, _ = np.histogram(x, edges + 0.5)
    statistic = ((observed - expected) ** 2 / expected).sum()
    assert stats.chi2(len(expected) - 1).sf(statistic) > 1e-3


@pytest.mark.parametrize("logit", [-16.0, 16.0])
def test_samples_keep_rare_outcomes_rare(logit, getkey):
    """1 - sigmoid(16) = 1.1e-7 is lost in float32; 1e6 trials still show it."""
    d = Binomial(1_000_000, logit)
    x = d.sample(seed=getkey(), sample_shape=(20_000,))
    rare = x if logit < 0 else 1_000_000 - x
    expected = 1e6 * expit(-16.0)
    error = np.sqrt(expected / 20_000)
    assert abs(float(rare.mean()) - expected) < 4 * error


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
