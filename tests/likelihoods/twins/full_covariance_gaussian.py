import numpy as np
from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.full_covariance_gaussian import FullCovarianceGaussian

SIZE = 4


def moments(raw):
    """loc and the covariance, by its Cholesky factor."""
    regression = np.eye(SIZE)
    regression[np.tril_indices(SIZE, -1)] = -raw[2 * SIZE :] / np.sqrt(SIZE)
    scales = np.diag(0.1 + softplus(raw[SIZE : 2 * SIZE]))
    factor = np.linalg.inv(regression) @ scales
    return raw[:SIZE], factor @ factor.T


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
        FullCovarianceGaussian(event_shape=(2, 2), min_scale=0.1),
        log_density,
        np.random.default_rng(1).normal(size=(3, 2, 2)),
        moments={
            "mean": lambda raw: raw[:SIZE].reshape(2, 2),
            "mode": lambda raw: raw[:SIZE].reshape(2, 2),
            "variance": lambda raw: np.diag(moments(raw)[1]).reshape(2, 2),
            "entropy": lambda raw: normal(raw).entropy(),
        },
        masks=np.array(
            [[1, 1, 1, 1], [0, 1, 1, 0], [1, 0, 1, 1], [0, 0, 0, 1]], bool
        ).reshape(4, 2, 2),
    )
]
