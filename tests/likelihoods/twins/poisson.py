import numpy as np
from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.poisson import Poisson


def poisson(raw):
    return stats.poisson(np.exp(raw[0] - softplus(raw[0] - 16)))


CASES = [
    Case(
        Poisson(),
        lambda raw, x: poisson(raw).logpmf(x),
        (0, 1, 30),
        moments={
            "mean": lambda raw: poisson(raw).mean(),
            "variance": lambda raw: poisson(raw).var(),
        },
    )
]
