from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.von_mises import VonMises


def von_mises(raw):
    return stats.vonmises((0.01 + softplus(raw[1])) ** -2.0, raw[0])


CASES = [
    Case(
        VonMises(min_scale=0.01),
        lambda raw, x: von_mises(raw).logpdf(x),
        (-3.0, 0.2, 1.5),
        moments={
            "entropy": lambda raw: von_mises(raw).entropy(),
        },
    )
]
