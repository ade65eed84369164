import mpmath
from scipy import stats

from tests.distributions.case import Case
from vaex import support


def exact(x, alpha, beta):
    log_beta = mpmath.loggamma(alpha) + mpmath.loggamma(beta)
    log_beta -= mpmath.loggamma(alpha + beta)
    return (alpha - 1) * mpmath.log(x) + (beta - 1) * mpmath.log1p(-x) - log_beta


def twin(alpha, beta):
    return stats.beta(alpha, beta)


CASE = Case(
    # b below 1 is left to other tests: a float32 x cannot come near enough to 1.
    parameters={
        "alpha": [0.5, 1.0, 1.0, 2.0, 0.7, 30.0, 5.0],
        "beta": [1.0, 1.0, 3.0, 1.0, 5.0, 20.0, 1.5],
    },
    extremes={
        "alpha": [1e-6, 1e-6, 1e4, 1e4, 1.0],
        "beta": [1e-6, 1e4, 1e4, 1e-6, 1.0],
    },
    support=support.unit_interval,
    edges=[0.0, 1.0, 2e-38, 1 - 6e-8],
    inside=0.75,
    log_prob=lambda x, **p: twin(**p).logpdf(x),
    cdf=lambda x, **p: twin(**p).cdf(x),
    exact=exact,
    large={
        "alpha": [1e4, 1e6, 1e6, 1e6, 1e6, 123456.7, 0.01, 1e4, 1e6, 1e-6, 3.0],
        "beta": [1e4, 1e6, 1e6, 2e5, 1e6, 9876543.0, 0.02, 0.5, 30.0, 1e-6, 1e7],
        "value": [0.49, 0.5, 0.5006, 0.8334, 0.51, 0.01235, 1e-20, 0.9999, 0.99997]
        + [0.3, 2e-7],
    },
    tolerance=2e-6,
)
