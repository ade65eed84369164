"""Beyond the contract: a million, modes at the ends, draws of small parameters."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from vaex.distributions.beta import Beta


def test_a_million_by_table():
    # stats.beta(1e6, 1e6).logpdf(0.5), scipy 1.17; mpmath at 40 digits agrees.
    assert abs(Beta(1e6, 1e6).log_prob(0.5) - 7.0285374) < 1e-5


def test_an_infinite_density_at_one():
    x = np.float32([0.25, 0.5, 0.75, 0.9375])
    for a, b in ((2.0, 0.5), (0.1, 0.1), (0.01, 3.0)):
        exact = stats.beta(np.float32(a), np.float32(b)).logpdf(x)
        np.testing.assert_allclose(Beta(a, b).log_prob(x), exact, rtol=2e-6)
    assert Beta(2.0, 0.5).log_prob(1.0) == np.inf
    np.testing.assert_allclose(Beta(2.0, 1.0).log_prob(1.0), np.log(2.0), rtol=1e-6)
    assert Beta(2.0, 1.0).log_prob(1.5) == Beta(2.0, 1.0).log_prob(0.0) == -np.inf


def test_modes():
    a = jnp.array([3.0, 1.0, 0.5, 0.5, 2.0, 1.0, 2.0, 1.0])
    b = jnp.array([2.0, 1.0, 0.5, 2.0, 0.5, 0.5, 1.0, 3.0])
    expected = [2 / 3, 0.5, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0]
    np.testing.assert_allclose(Beta(a, b).mode(), expected, rtol=1e-6)


@pytest.mark.slow
def test_draws_of_small_and_large_parameters(getkey):
    """KS at level 1e-3, of a draw's distance to the nearer end: 1 - x is coarse."""
    a, b = np.float32([0.01, 0.3, 1e6]), np.float32([0.01, 2.0, 1e6])
    x = Beta(a, b).sample(seed=getkey(), sample_shape=(20_000,))
    assert ((x > 0.0) & (x < 1.0)).all()
    assert jnp.isfinite(Beta(a, b).log_prob(x)).all()
    left = np.asarray(x[:, 0] < 0.5)
    assert stats.binomtest(int(left.sum()), len(left)).pvalue > 1e-3
    for column, p, q in zip(np.asarray(x, float).T[1:], a[1:], b[1:], strict=True):
        assert stats.kstest(column, stats.beta(p, q).cdf).pvalue > 1e-3
