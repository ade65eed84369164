"""Beyond the contract: moments that do not exist, the Gaussian limit, draws."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from vaex.distributions.student_t import StudentT


def test_moments_that_do_not_exist():
    d = StudentT(jnp.array([0.5, 1.0, 1.5, 2.0, 4.0]), 3.0, 2.0)
    np.testing.assert_array_equal(d.mean(), [np.nan, np.nan, 3.0, 3.0, 3.0])
    expected = [np.nan, np.nan, np.inf, np.inf, 8.0]
    np.testing.assert_array_equal(d.variance(), expected)


@pytest.mark.parametrize("df", [1e10, 1e18, 1e30, np.inf])
def test_infinitely_many_degrees_are_the_gaussian(df):
    x, twin = np.linspace(-8.0, 8.0, 33, dtype=np.float32), stats.norm(0.5, 2.0)
    d = StudentT(df, 0.5, 2.0)
    np.testing.assert_allclose(d.log_prob(x), twin.logpdf(x), rtol=1e-6)
    np.testing.assert_allclose(d.entropy(), twin.entropy(), rtol=1e-6)
    np.testing.assert_allclose(d.variance(), 4.0, rtol=1e-6)


def test_entropy_of_any_df():
    df = np.float32([0.1, 0.5, 1.0, 3.0, 30.0, 1e4])
    expected = stats.t(df.astype(np.float64), scale=2.0).entropy()
    np.testing.assert_allclose(StudentT(df, 1.0, 2.0).entropy(), expected, rtol=2e-6)


@pytest.mark.slow
def test_draws_of_few_and_many_degrees(getkey):
    """KS at level 1e-3; draws of 0.1 degrees reach 1e38 and are kept below."""
    df = np.float32([0.1, 1.0, 1e6, np.inf])
    d = StudentT(df, 0.0, 1.0)
    x = np.asarray(d.sample(seed=getkey(), sample_shape=(20_000,)), np.float64)
    assert np.isfinite(x).all()
    assert np.isfinite(d.log_prob(x.astype(np.float32))).all()
    for column, v in zip(x.T, df, strict=True):
        twin = stats.t(v) if np.isfinite(v) else stats.norm()
        # What lies beyond the bound is on it: both tails are moved into it.
        inside = np.abs(column) < 0.9e18
        bounds = twin.cdf([-0.9e18, 0.9e18])
        found = stats.kstest(
            column[inside],
            lambda t, twin=twin, low=bounds[0], high=bounds[1]: (
                (twin.cdf(t) - low) / (high - low)
            ),
        )
        assert found.pvalue > 1e-3
