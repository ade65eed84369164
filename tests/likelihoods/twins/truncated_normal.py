from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.truncated_normal import TruncatedNormal


def truncated_normal(raw, low, high, centre):
    loc, scale = centre + raw[0], 0.1 + softplus(raw[1])
    return stats.truncnorm((low - loc) / scale, (high - loc) / scale, loc, scale)


def on_interval(raw):
    return truncated_normal(raw, -1.0, 2.0, 0.5)


def on_half_line(raw):
    return truncated_normal(raw, 1.0, float("inf"), 1.0)


CASES = [
    Case(
        TruncatedNormal(low=-1.0, high=2.0, min_scale=0.1),
        lambda raw, x: on_interval(raw).logpdf(x),
        (-1.0, 0.2, 2.0),
        moments={
            "mean": lambda raw: on_interval(raw).mean(),
            "variance": lambda raw: on_interval(raw).var(),
        },
    ),
    Case(
        TruncatedNormal(low=1.0, high=None, min_scale=0.1),
        lambda raw, x: on_half_line(raw).logpdf(x),
        (1.0, 1.5, 20.0),
    ),
]
REFUSED = [
    (TruncatedNormal, {"low": 1.0, "high": 1.0}),
    (TruncatedNormal, {"low": float("nan")}),
]
