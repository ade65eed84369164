import numpy as np
from scipy import special, stats

from tests.likelihoods.twin import Case
from vaex.likelihoods.binomial import Binomial
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.zero_inflated import ZeroInflated


def inflated(child):
    def log_mass(raw, x):
        extra = special.expit(raw[0])
        return np.log(extra * (x == 0) + (1 - extra) * child(raw[1]).pmf(x))

    return log_mass


def poisson(raw):
    return stats.poisson(np.exp(raw - np.logaddexp(0, raw - 16)))


def binomial(raw):
    return stats.binom(5, special.expit(raw))


def variance(raw):
    """By the first two moments of the child."""
    child, kept = binomial(raw[1]), 1 - special.expit(raw[0])
    return kept * (child.var() + child.mean() ** 2) - (kept * child.mean()) ** 2


CASES = [
    Case(ZeroInflated(), inflated(poisson), (0, 1, 20)),
    Case(
        ZeroInflated(child=Binomial(total_count=5)),
        inflated(binomial),
        (0, 1, 5),
        moments={
            "mean": lambda raw: (1 - special.expit(raw[0])) * binomial(raw[1]).mean(),
            "variance": variance,
        },
    ),
]
REFUSED_CHILDREN = [Gaussian()]
