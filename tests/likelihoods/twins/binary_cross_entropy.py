from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.binary_cross_entropy import BinaryCrossEntropy


def score(raw, x):
    share = special.expit(raw[0])
    return special.xlogy(x, share) + special.xlog1py(1 - x, -share)


CASES = [
    Case(
        BinaryCrossEntropy(),
        score,
        (0.0, 0.3, 1.0),
        moments={"mean": lambda raw: special.expit(raw[0])},
    )
]
