from scipy import special, stats

from tests.likelihoods.twin import Case
from vaex.likelihoods.binomial import Binomial


def binomial(raw):
    return stats.binom(4, special.expit(raw[0]))


CASES = [
    Case(
        Binomial(total_count=4),
        lambda raw, x: binomial(raw).logpmf(x),
        (0, 1, 4),
        moments={"mean": lambda raw: binomial(raw).mean()},
    )
]
REFUSED = [(Binomial, {"total_count": 0})]
