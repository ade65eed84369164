"""Beyond the contract: counts of 1e8, rates that over- and underflow, large draws."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import stats

from vaex.distributions._binet import binet
from vaex.distributions._log_difference import log_minus_log
from vaex.distributions.poisson import Poisson


def test_a_million_by_table():
    # stats.poisson(1e6).logpmf(1e6), scipy 1.17.
    assert abs(Poisson(np.log(1e6)).log_prob(1e6) + 7.8266939) < 1e-5


def test_log_prob_of_a_hundred_million():
    """To 1e-4: float32 resolves 8 there, and the log-rate 2e-6 of it."""
    log_rate = np.float32(np.log(1e8))
    x = np.float32(1e8 + 1e4 * np.array([-4.0, -2.0, -1.0, 0.0, 0.5, 3.0]))
    expected = stats.poisson(np.exp(np.float64(log_rate))).logpmf(x.astype(np.float64))
    actual = Poisson(log_rate).log_prob(x)
    np.testing.assert_allclose(actual, expected, rtol=1e-4)


def test_gradient_is_count_minus_rate():
    log_rate = jnp.array([-1e4, -20.0, 0.0, 3.0, np.log(1e6)], jnp.float32)
    rate = np.exp(np.asarray(log_rate, np.float64))
    for x in (np.zeros(5), np.round(rate), np.round(rate + 3 * np.sqrt(rate) + 5)):
        total = jax.grad(lambda log_rate, x=x: Poisson(log_rate).log_prob(x).sum())
        bound = 1e-6 * np.abs(x - rate) + 1e-4 * np.sqrt(rate) + 1e-6
        np.testing.assert_array_less(np.abs(total(log_rate) - (x - rate)), bound)


def test_a_rate_that_underflows():
    """log p = x l - log x!, and nothing for no count."""
    d, x = Poisson(-1e4), jnp.array([0.0, 1.0, 3.0])
    expected = [0.0, -1e4, -3e4 - np.log(6.0)]
    np.testing.assert_allclose(d.log_prob(x), expected, rtol=1e-7)


@pytest.mark.parametrize("log_rate", [89.0, 1e4])
@pytest.mark.parametrize("x", [0.0, 7.0])
def test_a_rate_that_overflows(log_rate, x):
    value, slope = jax.value_and_grad(lambda log_rate: Poisson(log_rate).log_prob(x))(
        log_rate
    )
    assert value == slope == -np.inf


def test_outside_the_support():
    assert Poisson(0.3).log_prob(-1.0) == -np.inf


@pytest.mark.slow
def test_samples_of_large_rates(getkey):
    """Chi-squared over 30 bins of equal mass; 1e8 in multiples of its resolution."""
    mean = np.array([9.9, 10.1, 100.0, 1e4, 1e6, 1e7, 1e8])
    n = 100_000
    log_rate = np.float32(np.log(mean))
    sample = jax.jit(lambda d, key: d.sample(seed=key, sample_shape=(n,)))
    samples = np.asarray(sample(Poisson(log_rate), getkey()), np.float64)
    for x, rate in zip(samples.T, np.exp(log_rate.astype(np.float64)), strict=True):
        twin = stats.poisson(rate)
        edges = np.unique(twin.ppf(np.arange(1, 30) / 30))
        # Floats are 8 apart at 1e8: an edge lies between two of them.
        edges = np.floor(edges / 8) * 8 + 4 if rate > 2e7 else edges + 0.5
        expected = n * np.diff([0.0, *twin.cdf(np.floor(edges)), 1.0])
        observed, _ = np.histogram(x, [-np.inf, *edges, np.inf])
        statistic = ((observed - expected) ** 2 / expected).sum()
        assert stats.chi2(len(expected) - 1).sf(statistic) > 1e-3, rate


def test_no_count_is_certain_without_a_rate(getkey):
    assert (Poisson(-jnp.inf).sample(seed=getkey(), sample_shape=(9,)) == 0.0).all()


def test_log_minus_log():
    b = np.float32(10.0) ** np.arange(-30, 31, dtype=np.float32)
    log_a = np.log(1.001 * b).astype(np.float32)
    exact = log_a.astype(np.float64) - np.log(b.astype(np.float64))
    np.testing.assert_allclose(log_minus_log(log_a, b), exact, rtol=0, atol=6e-8)


@pytest.mark.parametrize("x", [1e-20, 1e-3, 0.3, 1.5, 1.99, 2.0, 7.0, 1e3, 1e6])
def test_binet(x):
    """mpmath at 50 digits, value and slope."""
    with mpmath.workdps(50):
        x = mpmath.mpf(float(np.float32(x)))

        def exact(x):
            stirling = (x - 0.5) * mpmath.log(x) - x + mpmath.log(2 * mpmath.pi) / 2
            return mpmath.loggamma(x) - stirling

        value, slope = exact(x), mpmath.diff(exact, x, h=x / 10**15)
    actual = jax.value_and_grad(binet)(float(x))
    close = 3e-7 + 1e-7 * max(0.0, -np.log(float(x)))
    np.testing.assert_allclose(actual[0], float(value), rtol=1e-6, atol=close)
    np.testing.assert_allclose(actual[1] * float(x), float(slope * x), atol=1e-6)
