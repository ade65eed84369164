import mpmath
import numpy as np
from scipy import stats

from tests.distributions.case import Case
from vaex import support


def exact(x, loc, scale, low, high):
    a, b, z = (low - loc) / scale, (high - loc) / scale, (x - loc) / scale
    if a > 0:
        a, b = -b, -a
    with mpmath.workdps(400):
        mass = mpmath.ncdf(b) - mpmath.ncdf(a)
        log_mass = mpmath.log(mass)
    return -z * z / 2 - mpmath.log(2 * mpmath.pi) / 2 - log_mass - mpmath.log(scale)


def twin(loc, scale, low, high):
    return stats.truncnorm((low - loc) / scale, (high - loc) / scale, loc, scale)


CASE = Case(
    parameters={
        "loc": [0.5, 2.0, 0.25, -3.0, 0.0, 1.0],
        "scale": [0.2, 1.0, 3.0, 0.5, 0.1, 0.05],
        "low": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "high": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    },
    extremes={
        "loc": [1e4, -1e4, 0.5, 0.5, 1e4, 0.0, 0.75],
        "scale": [1.0, 1e-3, 1e4, 1e-3, 1e4, 1.0, 1.0],
        "low": [0.0, 0.0, 0.0, -np.inf, 0.0, 0.0, -np.inf],
        "high": [1.0, 1.0, 1.0, np.inf, np.inf, 1.0, np.inf],
    },
    support=support.unit_interval,
    edges=[0.0, 1.0, -2.0, 0.5],
    inside=0.75,
    log_prob=lambda x, **p: twin(**p).logpdf(x),
    cdf=lambda x, **p: twin(**p).cdf(x),
    ppf=lambda q, **p: twin(**p).ppf(q),
    exact=exact,
    large={
        "loc": [0.0, 0.0, 0.0, 100.0, -30.0, 0.0, 0.0, 0.0],
        "scale": [1.0, 1.0, 2.0, 1.0, 1.0, 1e4, 1.0, 0.01],
        "low": [10.0, 20.0, 60.0, -1.0, 0.0, 1.0, -6.0, -1.0],
        "high": [11.0, 1e4, 60.0001, 1.0, 1e-3, 1.001, 7.0, 0.5],
        "value": [10.5, 20.25, 60.00005, 0.5, 5e-4, 1.0005, 2.0, 0.01],
    },
    tolerance=2e-6,
)
