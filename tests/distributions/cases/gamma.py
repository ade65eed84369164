import mpmath
from scipy import stats

from tests.distributions.case import Case
from vaex import support


def exact(x, concentration, rate):
    a, b = concentration, rate
    return a * mpmath.log(b) + (a - 1) * mpmath.log(x) - b * x - mpmath.loggamma(a)


def twin(concentration, rate):
    return stats.gamma(concentration, scale=1 / rate)


CASE = Case(
    parameters={
        "concentration": [0.5, 0.8, 1.0, 1.7, 4.0, 40.0],
        "rate": [1.0, 3.0, 0.2, 1.0, 2.5, 20.0],
    },
    extremes={
        "concentration": [1e-6, 1e-6, 1e4, 1e4, 1.0, 1e4],
        "rate": [1e-6, 1e4, 1e4, 1e-6, 1e4, 1.0],
    },
    support=support.positive,
    edges=[0.0, 2e-38, 1e-10, 1e4, 1e30],
    log_prob=lambda x, **p: twin(**p).logpdf(x),
    cdf=lambda x, **p: twin(**p).cdf(x),
    exact=exact,
    large={
        "concentration": [1e2, 1e4, 1e4, 1e4, 1e6, 1e6, 1e6, 1e8, 1e12, 0.05, 1e-6],
        "rate": [1.0, 3.0, 0.7, 1.0, 1.0, 0.3, 1e3, 1.0, 1e3, 1.0, 1.0],
        "value": [120.0, 3.4e3, 14287.0, 2e4, 1.001e6, 3.3351e6, 999.0, 1.0003e8]
        + [1.0000007e9, 1e-30, 2e-38],
    },
    tolerance=2e-6,
)
