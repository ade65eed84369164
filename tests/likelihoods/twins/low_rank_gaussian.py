import numpy as np
from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.low_rank_gaussian import LowRankGaussian

SIZE, RANK = 4, 2


def moments(raw):
    """loc and the dense covariance."""
    raw = raw.reshape(SIZE, 2 + RANK)
    factor, scale = raw[:, 2:], 0.1 + softplus(raw[:, 1])
    return raw[:, 0], factor @ factor.T + np.diag(scale**2)


def log_density(raw, x, mask=None):
    loc, covariance = moments(raw)
    seen = np.ones(SIZE, bool) if mask is None else mask.ravel()
    if not seen.any():
        return 0.0
    block = covariance[np.ix_(seen, seen)]
    return stats.multivariate_normal(loc[seen], block).logpdf(x.ravel()[seen])


def normal(raw):
    return stats.multivariate_normal(*moments(raw))


CASES = [
    Case(
        LowRankGaussian(event_shape=(2, 2), rank=RANK, min_scale=0.1),
        log_density,
        np.random.default_rng(1).normal(size=(3, 2, 2)),
        moments={
            "mean": lambda raw: moments(raw)[0].reshape(2, 2),
            "mode": lambda raw: moments(raw)[0].reshape(2, 2),
            "variance": lambda raw: np.diag(moments(raw)[1]).reshape(2, 2),
            "entropy": lambda raw: normal(raw).entropy(),
        },
        masks=np.array(
            [[1, 1, 1, 1], [0, 1, 1, 0], [1, 0, 1, 1], [0, 0, 0, 1]], bool
        ).reshape(4, 2, 2),
    )
]
REFUSED = [(LowRankGaussian, {"rank": 0})]
