import numpy as np
from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.log_normal import LogNormal


def log_normal(raw):
    return stats.lognorm(0.1 + softplus(raw[1]), scale=np.exp(raw[0]))


CASES = [
    Case(
        LogNormal(min_scale=0.1),
        lambda raw, x: log_normal(raw).logpdf(x),
        (1e-3, 0.2, 30.0),
        moments={
            "entropy": lambda raw: log_normal(raw).entropy(),
        },
    )
]
