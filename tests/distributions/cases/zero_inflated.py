import mpmath
import numpy as np
from scipy import stats
from scipy.special import expit

from tests.distributions.case import Case
from vaex.distributions.poisson import Poisson
from vaex.distributions.zero_inflated import ZeroInflated


def build(log_rate, logits):
    return ZeroInflated(Poisson(log_rate), logits)


def log_prob(x, log_rate, logits):
    inside = stats.poisson(np.exp(log_rate)).pmf(x) * expit(-logits)
    return np.log(inside + np.where(x == 0, expit(logits), 0.0))


def exact(x, log_rate, logits):
    zero = 1 / (1 + mpmath.exp(-logits))
    child = x * log_rate - mpmath.exp(log_rate) - mpmath.loggamma(x + 1)
    other = mpmath.exp(child) / (1 + mpmath.exp(logits))
    return mpmath.log(other + (zero if x == 0 else 0))


CASE = Case(
    parameters={
        "log_rate": [-4.0, 0.5, 1.5, 1.5, 2.0],
        "logits": [0.0, -2.0, 1.0, -6.0, 4.0],
    },
    extremes={
        "log_rate": [-1e4, -1e4, 80.0, 80.0, 0.0, 3.0],
        "logits": [-1e4, 1e4, 1e4, -1e4, -1e4, 1e4],
    },
    build=build,
    values=list(range(60)),
    log_prob=log_prob,
    exact=exact,
    large={
        "log_rate": [13.8, 13.8, -50.0, 10.0, 3.0],
        "logits": [-100.0, 3.0, -60.0, -1e4, 1e4],
        "value": [1e6, 0.0, 0.0, 22000.0, 7.0],
    },
    tolerance=2e-6,
)
