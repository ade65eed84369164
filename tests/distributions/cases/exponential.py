import mpmath
from scipy import stats

from tests.distributions.case import Case
from vaex import support


def twin(rate):
    return stats.expon(scale=1 / rate)


CASE = Case(
    parameters={"rate": [0.1, 0.7, 1.0, 5.0]},
    extremes={"rate": [1e-30, 1e-6, 1.0, 1e4, 1e30]},
    support=support.positive,
    edges=[0.0, 1e-38, 1e30],
    log_prob=lambda x, rate: twin(rate).logpdf(x),
    cdf=lambda x, rate: twin(rate).cdf(x),
    ppf=lambda q, rate: twin(rate).ppf(q),
    exact=lambda x, rate: mpmath.log(rate) - rate * x,
    large={"rate": [1e-6, 1e6, 1e20, 3.0], "value": [1e6, 1e-5, 1e-18, 1e6]},
)
