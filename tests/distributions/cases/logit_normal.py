import mpmath
from scipy import stats
from scipy.special import expit, log1p, logit

from tests.distributions.case import Case
from vaex import support


def exact(x, loc, scale):
    z = (mpmath.log(x / (1 - x)) - loc) / scale
    log_normal = -z * z / 2 - mpmath.log(scale) - mpmath.log(2 * mpmath.pi) / 2
    return log_normal - mpmath.log(x * (1 - x))


def log_prob(x, loc, scale):
    return stats.norm(loc, scale).logpdf(logit(x)) - (log1p(-x) + logit(x) + log1p(-x))


CASE = Case(
    parameters={"loc": [-1.0, 0.0, 2.0, 0.5], "scale": [0.3, 1.0, 0.7, 0.2]},
    extremes={"loc": [-1e4, 1e4, 0.0, 0.0], "scale": [1.0, 1e-3, 1e-3, 1e4]},
    support=support.open_unit_interval,
    edges=[0.0, 1.0, 1e-37, 1 - 6e-8],
    inside=0.75,
    log_prob=log_prob,
    cdf=lambda x, loc, scale: stats.norm(loc, scale).cdf(logit(x)),
    ppf=lambda q, loc, scale: expit(stats.norm(loc, scale).ppf(q)),
    exact=exact,
    large={
        "loc": [0.0, 60.0, -60.0, 1e4, 0.0, 1.0],
        "scale": [1e-2, 3.0, 3.0, 10.0, 1e4, 0.1],
        "value": [0.505, 0.9999, 1e-20, 0.3, 1e-30, 0.75],
    },
)
