import numpy as np
from scipy import stats

from tests.distributions.case import Case
from vaex import support


def truncated_exponential(logits):
    """The continuous Bernoulli at -|l|, as scipy knows it."""
    rate = np.maximum(np.abs(logits), 1e-9)
    return stats.truncexpon(b=rate, scale=1 / rate)


def log_prob(x, logits):
    return truncated_exponential(logits).logpdf(np.where(logits > 0, 1 - x, x))


def cdf(x, logits):
    twin = truncated_exponential(logits)
    return twin.sf(1 - x) if logits > 0 else twin.cdf(x)


def ppf(q, logits):
    twin = truncated_exponential(logits)
    return np.where(logits > 0, 1 - twin.ppf(1 - q), twin.ppf(q))


CASE = Case(
    parameters={"logits": [-30.0, -2.0, -1e-3, 0.0, 0.02, 0.7, 5.0, 100.0]},
    extremes={"logits": [-1e4, 0.0, 1e4]},
    support=support.unit_interval,
    edges=[0.0, 0.5, 1.0],
    inside=0.75,
    log_prob=log_prob,
    cdf=cdf,
    ppf=ppf,
)
