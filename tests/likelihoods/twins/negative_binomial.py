import numpy as np
from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.negative_binomial import NegativeBinomial


def negative_binomial(raw):
    mean, r = np.exp(raw[0] - softplus(raw[0] - 16)), 0.01 + softplus(raw[1])
    return stats.nbinom(r, r / (r + mean))


CASES = [
    Case(
        NegativeBinomial(),
        lambda raw, x: negative_binomial(raw).logpmf(x),
        (0, 1, 30),
        moments={
            "mean": lambda raw: negative_binomial(raw).mean(),
            "variance": lambda raw: negative_binomial(raw).var(),
        },
    )
]
REFUSED = [(NegativeBinomial, {"min_dispersion": 0.0})]
