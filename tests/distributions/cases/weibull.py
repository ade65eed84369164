import mpmath
from scipy import stats

from tests.distributions.case import Case
from vaex import support


def exact(x, concentration, scale):
    t = concentration * mpmath.log(x / scale)
    return mpmath.log(concentration / x) + t - mpmath.exp(t)


def twin(concentration, scale):
    return stats.weibull_min(concentration, scale=scale)


CASE = Case(
    parameters={
        "concentration": [0.5, 0.9, 1.0, 1.5, 3.0, 6.0, 8.0],
        "scale": [1.0, 0.2, 3.0, 1.0, 2.5, 1.0, 5.0],
    },
    extremes={
        "concentration": [1e-3, 1e-3, 1.0, 3.0, 1.0, 20.0],
        "scale": [1e-6, 1e4, 1e4, 1e4, 0.1, 1.0],
    },
    support=support.positive,
    edges=[0.0, 1e-37, 1e-10, 1e4, 1e30],
    log_prob=lambda x, **p: twin(**p).logpdf(x),
    cdf=lambda x, **p: twin(**p).cdf(x),
    ppf=lambda q, **p: twin(**p).ppf(q),
    exact=exact,
    large={
        "concentration": [1e3, 1e4, 1e4, 1e6, 0.01, 50.0],
        "scale": [7.0, 2e5, 1e-3, 3.0, 1.0, 1e10],
        "value": [7.001, 199990.0, 1.0001e-3, 3.0000002, 1e-30, 1e9],
    },
)
