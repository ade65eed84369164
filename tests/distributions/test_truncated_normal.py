"""Beyond the contract: quantiles and moments of far tails, gradients of draws."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from vaex.distributions.truncated_normal import TruncatedNormal

# loc, scale, low, high: one tail or the other, narrow, nearly all of the Gaussian.
TAILS = [
    (0.0, 1.0, 12.0, np.inf),
    (0.0, 1.0, -np.inf, -40.0),
    (0.0, 1.0, 30.0, 30.0625),
    (1.0, 2.0, -3.0, 1e4),
    (0.0, 1.0, 0.5, 0.5009765625),
]


@pytest.mark.slow
@pytest.mark.parametrize("parameters", TAILS)
def test_quantiles_and_moments(parameters):
    """The CDF by mpmath at 400 digits, at the quantile; moments by its quadrature."""
    q = np.float32([1e-6, 0.01, 0.5, 0.99, 1 - 1e-6])
    d = TruncatedNormal(*parameters)
    x = np.asarray(d.quantile(q), np.float64)
    with mpmath.workdps(400):
        loc, scale, low, high = map(mpmath.mpf, parameters)
        a, b = (low - loc) / scale, (high - loc) / scale
        sign = -1 if a > 0 else 1

        def below(x):
            z = (mpmath.mpf(float(x)) - loc) / scale
            ends = sorted([sign * z, sign * (a if sign > 0 else b)])
            whole = mpmath.ncdf(max(sign * a, sign * b)) - mpmath.ncdf(
                min(sign * a, sign * b)
            )
            part = (mpmath.ncdf(ends[1]) - mpmath.ncdf(ends[0])) / whole
            return float(part if sign > 0 else 1 - part)

        found = [below(value) for value in x]
    # A float32 x near `low` holds q to its own spacing over the width of the mass.
    spacing = np.abs(np.spacing(x.astype(np.float32))) * np.exp(d.log_prob(x))
    np.testing.assert_array_less(np.abs(found - q), 2e-6 + 2 * spacing)
    assert ((x >= parameters[2]) & (x <= parameters[3])).all()
    # Moments around the bound by Gauss-Legendre over quantiles of the mass.
    u, weights = np.polynomial.legendre.leggauss(400)
    v = np.asarray(d.quantile(((u + 1) / 2).astype(np.float32)), np.float64)
    np.testing.assert_allclose(d.mean(), v @ weights / 2, rtol=1e-4)


def test_no_bounds_are_the_gaussian():
    d = TruncatedNormal(1.0, 2.0, -jnp.inf, jnp.inf)
    np.testing.assert_allclose(d.variance(), 4.0, rtol=1e-6)
    np.testing.assert_allclose(d.mean(), 1.0, rtol=1e-6)
    np.testing.assert_allclose(d.entropy(), 0.5 * np.log(8 * np.pi * np.e), rtol=1e-6)


@pytest.mark.slow
def test_draws_are_differentiable(getkey):
    """By central differences in float32 of the same draws, good to 1e-2."""
    key = getkey()

    def mean(loc):
        d = TruncatedNormal(loc, 1.0, 0.0, 2.0)
        return d.sample(seed=key, sample_shape=(200,)).mean()

    h = 0.05
    differences = (mean(0.5 + h) - mean(0.5 - h)) / (2 * h)
    np.testing.assert_allclose(jax.grad(mean)(0.5), differences, rtol=1e-2)


@pytest.mark.slow
def test_draws_keep_to_the_bounds(getkey):
    d = TruncatedNormal(jnp.array([1e4, -1e4, 0.0, 0.5]), 1e-3, 0.0, 1.0)
    x = d.sample(seed=getkey(), sample_shape=(500,))
    assert ((x >= 0.0) & (x <= 1.0)).all()
    assert jnp.isfinite(d.log_prob(x)).all()
