import mpmath
import numpy as np
from scipy import stats

from tests.distributions.case import Case
from vaex import support


def exact(x, loc, scale):
    z = (mpmath.log(x) - loc) / scale
    return -z * z / 2 - mpmath.log(scale * x) - mpmath.log(2 * mpmath.pi) / 2


def twin(loc, scale):
    return stats.lognorm(scale, scale=np.exp(loc))


CASE = Case(
    parameters={"loc": [-1.0, 0.0, 2.0, 0.5], "scale": [0.3, 1.0, 0.7, 0.05]},
    extremes={"loc": [-1e4, 1e4, 0.0, 0.0], "scale": [1.0, 1e-3, 1e-3, 1e4]},
    support=support.positive,
    edges=[0.0, 1e-37, 1e30],
    log_prob=lambda x, **p: twin(**p).logpdf(x),
    cdf=lambda x, **p: twin(**p).cdf(x),
    ppf=lambda q, **p: twin(**p).ppf(q),
    exact=exact,
    large={
        "loc": [13.0, 13.0, -30.0, 60.0, 1e4, 80.0, 0.0],
        "scale": [1e-3, 0.1, 1e-3, 1e-3, 2.0, 30.0, 1e4],
        "value": [442855.0, 4e5, 9.36e-14, 1.1415e26, 3.0, 1e-30, 1e30],
    },
    tolerance=2e-6,
)
