from scipy import special, stats

from tests.likelihoods.twin import Case
from vaex.likelihoods.bernoulli import Bernoulli


def bernoulli(raw):
    return stats.bernoulli(special.expit(raw[0]))


CASES = [
    Case(
        Bernoulli(),
        lambda raw, x: bernoulli(raw).logpmf(x),
        (0, 1),
        moments={"mean": lambda raw: bernoulli(raw).mean()},
    )
]
