import numpy as np
from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.laplace import Laplace


def laplace(raw):
    return stats.laplace(raw[0], 0.01 + softplus(raw[1]))


def log_density(raw, x):
    """Written out: scipy's is -inf from 745 nats on."""
    scale = 0.01 + softplus(raw[1])
    return -abs(x - raw[0]) / scale - np.log(2 * scale)


CASES = [
    Case(
        Laplace(min_scale=0.01),
        log_density,
        (-1.0, 0.2, 300.0),
        moments={
            "mean": lambda raw: laplace(raw).mean(),
            "variance": lambda raw: laplace(raw).var(),
            "entropy": lambda raw: laplace(raw).entropy(),
            "mode": lambda raw: raw[0],
        },
    )
]
