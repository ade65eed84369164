"""The Frechet distance of two samples, as if both were Gaussian.

N and M examples, D features.
"""

import numpy as np

from vaex.errors import InputError
from vaex.metrics._inputs import check_pair, check_rows


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Squared Frechet distance of the Gaussians with the samples' moments.

    |m_x - m_y|^2 + tr(C_x + C_y - 2 (C_x C_y)^(1/2)). It is called FID where the
    features are those of the Inception network, and nothing else may be called so.

    Args:
      x: [N, D] features, N at least 2.
      y: [M, D].

    Returns:
      Not negative, in squared units of the features; 0 for equal moments.

    Raises:
      InputError: for shapes that differ or values that are not finite.

    Hazards: too large for small samples, by an amount that depends on both
      distributions: compare values of one N and M only, and with that of two halves of
      the data. Blind to everything but the first two moments.

    Numerics: float64; the trace of the root is the sum of the singular values of
      C_x^(1/2) C_y^(1/2), so that nothing complex appears and a covariance may be
      singular.

    Source: Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, "GANs Trained by a Two
      Time-Scale Update Rule Converge to a Local Nash Equilibrium", NeurIPS 2017,
      https://arxiv.org/abs/1706.08500; on its bias, Chong, Forsyth, "Effectively
      Unbiased FID and Inception Score and where to find them", CVPR 2020,
      https://arxiv.org/abs/1911.07023

    >>> x = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> round(frechet_distance(x, 2 * x + 3), 6)
    19.333333
    """
    x, y = check_rows("x", x), check_rows("y", y)
    check_pair(x, y, ("x", "y"))
    if min(len(x), len(y)) < 2:
        raise InputError(f"x and y must have two rows each, got {len(x)} and {len(y)}")
    return frechet_distance_of_moments(
        x.mean(0), np.atleast_2d(np.cov(x.T)), y.mean(0), np.atleast_2d(np.cov(y.T))
    )


def frechet_distance_of_moments(
    mean_x: np.ndarray,
    covariance_x: np.ndarray,
    mean_y: np.ndarray,
    covariance_y: np.ndarray,
) -> float:
    """The same of Gaussians given by their means [D] and covariances [D, D].

    >>> one, four = np.eye(3), 4.0 * np.eye(3)
    >>> frechet_distance_of_moments(np.zeros(3), one, np.ones(3), four)
    6.0
    """
    roots = _root(covariance_x) @ _root(covariance_y)
    cross = np.linalg.svd(roots, compute_uv=False).sum()
    apart = np.square(mean_x - mean_y).sum()
    spread = np.trace(covariance_x) + np.trace(covariance_y) - 2.0 * cross
    return float(apart + max(0.0, spread))


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
