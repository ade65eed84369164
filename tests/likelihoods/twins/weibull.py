from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.weibull import Weibull


def weibull(raw):
    k = 0.1 + softplus(raw[1])
    return stats.weibull_min(k, scale=1e-3 + softplus(raw[0]))


CASES = [
    Case(
        Weibull(),
        lambda raw, x: weibull(raw).logpdf(x),
        (1e-3, 0.2, 3.0),
        moments={
            "mean": lambda raw: weibull(raw).mean(),
        },
    )
]
REFUSED = [(Weibull, {"min_concentration": 0.0})]
