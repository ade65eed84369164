from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.beta import Beta


def beta(raw):
    return stats.beta(*(0.5 + softplus(raw)))


CASES = [
    Case(
        Beta(),
        lambda raw, x: beta(raw).logpdf(x),
        (1e-3, 0.2, 0.75),
        moments={
            "mean": lambda raw: beta(raw).mean(),
            "variance": lambda raw: beta(raw).var(),
        },
    )
]
REFUSED = [(Beta, {"min_concentration": 0.0})]
