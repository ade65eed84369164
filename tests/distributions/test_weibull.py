import mpmath
import numpy as np

from vaex.distributions.weibull import Weibull


def test_moments_at_all_concentrations():
    """The variance at 1e4 is 1.6e-8 of the squared mean; by mpmath at 50 digits."""
    concentration = np.float32([0.3, 1.0, 2.4, 2.6, 5.0, 30.0, 1e3, 1e4])
    d = Weibull(concentration, 2.0)
    with mpmath.workdps(50):
        means = [mpmath.gamma(1 + 1 / mpmath.mpf(float(k))) for k in concentration]
        squares = [mpmath.gamma(1 + 2 / mpmath.mpf(float(k))) for k in concentration]
        variances = [s - m * m for m, s in zip(means, squares, strict=True)]
    np.testing.assert_allclose(d.mean(), [float(2 * m) for m in means], rtol=2e-6)
    expected = [float(4 * v) for v in variances]
    np.testing.assert_allclose(d.variance(), expected, rtol=1e-5)
