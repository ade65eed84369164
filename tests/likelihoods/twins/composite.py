import numpy as np
from scipy import special, stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.composite import Composite
from vaex.likelihoods.full_covariance_gaussian import FullCovarianceGaussian
from vaex.likelihoods.laplace import Laplace
from vaex.likelihoods.one_hot_categorical import OneHotCategorical
from vaex.likelihoods.per_dimension_scale_gaussian import PerDimensionScaleGaussian

RAW_SCALE = np.array([0.7, -1.0])
HEAD = Composite(
    event_shape=(8,),
    fields={
        "kind": {"columns": "1:4", "head": OneHotCategorical()},
        "pair": {"columns": [6, 0], "head": FullCovarianceGaussian(min_scale=0.1)},
        "rest": {
            "columns": "rest",  # 4, 5 and 7
            "fields": {
                "ends": {"columns": [2, 0], "head": PerDimensionScaleGaussian()},
                "middle": {"columns": 1, "head": Laplace(min_scale=0.1)},
            },
        },
    },
)
PARAMS = {"fields_rest_head": {"fields_ends_head": {"raw_scale": RAW_SCALE}}}


def log_density(raw, x, mask=None):
    """One number for kind, one for pair, then columns 7, 4 and 5."""
    seen = np.ones(8, bool) if mask is None else mask
    kind = special.log_softmax(raw[:3]) @ x[1:4] if seen[1:4].all() else 0.0
    loc, scale = raw[3:5], np.diag(0.1 + softplus(raw[5:7]))
    factor = np.linalg.inv([[1.0, 0.0], [-raw[7] / np.sqrt(2), 1.0]]) @ scale
    own, covariance = seen[[6, 0]], factor @ factor.T
    block = covariance[np.ix_(own, own)]
    pair = 0.0
    if own.any():
        pair = stats.multivariate_normal(loc[own], block).logpdf(x[[6, 0]][own])
    ends = stats.norm(raw[8:10], 1e-3 + softplus(RAW_SCALE)).logpdf(x[[7, 4]])
    middle = stats.laplace(raw[10], 0.1 + softplus(raw[11])).logpdf(x[5])
    return np.array([kind, pair, *ends, middle])


def mean(raw):
    loc = [raw[4], *special.softmax(raw[:3]), raw[9], raw[10], raw[3], raw[8]]
    return np.array(loc)


VALUES = np.array(
    [
        [0.3, 1.0, 0.0, 0.0, -0.4, 0.9, 1.3, -2.0],
        [-1.0, 0.0, 0.0, 1.0, 0.0, 0.1, 0.2, 0.7],
    ]
)
MASKS = np.array([[1, 1, 1, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1, 1, 1]], bool)
CASES = [
    Case(HEAD, log_density, VALUES, params=PARAMS, moments={"mean": mean}, masks=MASKS)
]
