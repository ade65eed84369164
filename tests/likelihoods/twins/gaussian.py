from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.gaussian import Gaussian


def gaussian(raw):
    return stats.norm(raw[0], 0.01 + softplus(raw[1]))


CASES = [
    Case(
        Gaussian(min_scale=0.01),
        lambda raw, x: gaussian(raw).logpdf(x),
        (-1.0, 0.2),
        moments={
            "mean": lambda raw: gaussian(raw).mean(),
            "variance": lambda raw: gaussian(raw).var(),
            "entropy": lambda raw: gaussian(raw).entropy(),
        },
    )
]
REFUSED = [
    (Gaussian, {"min_scale": -1.0}),
    (Gaussian, {"min_scale": float("nan")}),
    (Gaussian, {"event_shape": (2.0,)}),
]
