from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.exponential import Exponential


def exponential(raw):
    return stats.expon(scale=1e-3 + softplus(raw[0]))


CASES = [
    Case(
        Exponential(),
        lambda raw, x: exponential(raw).logpdf(x),
        (0.0, 0.2, 3.0),
        moments={
            "mean": lambda raw: exponential(raw).mean(),
            "variance": lambda raw: exponential(raw).var(),
        },
    )
]
