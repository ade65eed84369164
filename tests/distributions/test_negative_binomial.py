"""Beyond the contract: the Poisson limit, gradients, draws of large counts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from vaex.distributions.negative_binomial import NegativeBinomial
from vaex.distributions.poisson import Poisson


@pytest.mark.parametrize("log_dispersion", [45.0, 60.0, 1e4, np.inf])
def test_an_infinite_dispersion_is_the_poisson(log_dispersion):
    log_mean = jnp.array([-5.0, 0.0, 3.0, np.log(1e6)], jnp.float32)
    for x in (jnp.zeros(4), jnp.array([1.0, 2.0, 30.0, 998_000.0])):
        ours = NegativeBinomial(log_mean, log_dispersion)
        expected = Poisson(log_mean).log_prob(x)
        np.testing.assert_allclose(ours.log_prob(x), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.variance(), Poisson(log_mean).variance(), rtol=1e-6)


@pytest.mark.slow
def test_gradients_of_large_counts():
    """By central differences of scipy in float64, good to 1e-4 at r of 1e3 to 1e6."""
    m, r = np.array([1e6, 1e4, 50.0]), np.array([1e3, 1e6, 30.0])
    x = np.round(m + 2 * np.sqrt(m + m**2 / r))
    logs = [np.log(m).astype(np.float32), np.log(r).astype(np.float32)]

    def total(log_mean, log_dispersion):
        return NegativeBinomial(log_mean, log_dispersion).log_prob(x).sum()

    def twin(log_m, log_r):
        m, r = np.exp(log_m), np.exp(log_r)
        return stats.nbinom(r, r / (m + r)).logpmf(x)

    exact, h = [log.astype(np.float64) for log in logs], 1e-4
    slopes = jax.grad(total, (0, 1))(*logs)
    for slope, step in zip(slopes, np.eye(2) * h, strict=True):
        up, down = (
            twin(*(e + s * step[i] for i, e in enumerate(exact))) for s in (1.0, -1.0)
        )
        np.testing.assert_allclose(slope, (up - down) / (2 * h), rtol=1e-3)


def test_outside_the_support():
    assert NegativeBinomial(0.3, 0.0).log_prob(-1.0) == -np.inf


@pytest.mark.slow
def test_samples_of_large_counts(getkey):
    """Chi-squared over 30 bins of equal mass."""
    m, r, n = np.array([1e6, 1e6, 300.0]), np.array([2.0, 1e6, 0.3]), 50_000
    d = NegativeBinomial(np.log(m), np.log(r))
    draw = jax.jit(lambda d, key: d.sample(seed=key, sample_shape=(n,)))
    for x, mean, size in zip(np.asarray(draw(d, getkey())).T, m, r, strict=True):
        twin = stats.nbinom(size, size / (mean + size))
        edges = np.unique(twin.ppf(np.arange(1, 30) / 30))
        expected = n * np.diff([0.0, *twin.cdf(edges), 1.0])
        observed, _ = np.histogram(x, [-np.inf, *(edges + 0.5), np.inf])
        statistic = ((observed - expected) ** 2 / expected).sum()
        assert stats.chi2(len(expected) - 1).sf(statistic) > 1e-3
