from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.logistic import Logistic


def logistic(raw):
    return stats.logistic(raw[0], 0.01 + softplus(raw[1]))


CASES = [
    Case(
        Logistic(min_scale=0.01),
        lambda raw, x: logistic(raw).logpdf(x),
        (-1.0, 0.2, 300.0),
        moments={
            "mean": lambda raw: logistic(raw).mean(),
            "variance": lambda raw: logistic(raw).var(),
            "entropy": lambda raw: logistic(raw).entropy(),
            "mode": lambda raw: raw[0],
        },
    )
]
