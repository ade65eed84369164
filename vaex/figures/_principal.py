"""Two dimensions out of many: principal components."""

import numpy as np


def principal_components(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates along the two directions of largest variance.

    Args:
      means: [N, L] finite, L >= 2.

    Returns:
      [N, 2] coordinates in the units of the means, signed so that the largest
      weight of each direction is positive, and [2] shares of the variance (0 to 1;
      0 where nothing varies).

    >>> points, share = principal_components(np.array([[0.0, 0, 0], [2, 0, 0]]))
    >>> points[:, 0].tolist(), share.tolist()
    ([-1.0, 1.0], [1.0, 0.0])
    """
    centred = means - means.mean(axis=0)
    variance, directions = np.linalg.eigh(centred.T @ centred)
    variance, directions = variance[::-1].clip(min=0), directions[:, ::-1][:, :2]
    largest = np.argmax(np.abs(directions), axis=0)
    directions = directions * np.sign(directions[largest, [0, 1]])
    total = variance.sum()
    return centred @ directions, variance[:2] / (total if total > 0 else 1.0)
