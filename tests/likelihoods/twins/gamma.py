from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.gamma import Gamma


def gamma(raw):
    mean, a = 1e-3 + softplus(raw[0]), 0.1 + softplus(raw[1])
    return stats.gamma(a, scale=mean / a)


CASES = [
    Case(
        Gamma(),
        lambda raw, x: gamma(raw).logpdf(x),
        (1e-3, 0.2, 30.0),
        moments={
            "mean": lambda raw: gamma(raw).mean(),
            "variance": lambda raw: gamma(raw).var(),
        },
    )
]
REFUSED = [(Gamma, {"min_concentration": 0.0})]
