"""Precision, recall, density and coverage of samples, by nearest neighbours.

N real and M drawn examples, D features.
"""

from typing import NamedTuple

import numpy as np

from vaex.errors import InputError
from vaex.metrics._inputs import check_at_least, check_pair, check_rows

_BLOCK = 1 << 24
"""Distances at a time: 128 MiB."""


class Neighbours(NamedTuple):
    """What each example adds; the scores are the means.

    Attributes:
      precision: [M] 1 where a draw lies in the ball of a real example.
      recall: [N] 1 where a real example lies in the ball of a draw.
      density: [M] the number of real examples in whose balls a draw lies, over k; 1 in
        expectation where both have one distribution.
      coverage: [N] 1 where a draw lies in the ball of the real example.
    """

    precision: np.ndarray
    recall: np.ndarray
    density: np.ndarray
    coverage: np.ndarray


def neighbour_scores(real: np.ndarray, drawn: np.ndarray, *, k: int = 5) -> Neighbours:
    """Precision and recall, density and coverage of draws in a feature space.

    The ball of an example reaches to its k-th nearest neighbour of its own sample,
    which it includes.

    Args:
      real: [N, D] features, N above k.
      drawn: [M, D], M above k.
      k: neighbours; 3 in Kynkaanniemi et al., 5 in Naeem et al.

    Returns:
      Per-example values: take means, and standard errors given the other sample.

    Raises:
      InputError: for shapes that differ, values that are not finite, or k too large.

    Hazards: one far outlier has a large ball, which raises precision (of real examples)
      or recall (of draws); density and coverage use the balls of the real examples
      alone and count them. Coverage of equal distributions is 1 - 1 / 2^k for large
      samples of one size, not 1. For k of one sample against itself density is (k + 1)
      / k.

    Source: Kynkaanniemi, Karras, Laine, Lehtinen, Aila, "Improved Precision and Recall
      Metric for Assessing Generative Models", NeurIPS 2019,
      https://arxiv.org/abs/1904.06991; Naeem, Oh, Uh, Choi, Yoo, "Reliable Fidelity and
      Diversity Metrics for Generative Models", ICML 2020,
      https://arxiv.org/abs/2002.09797

    >>> line = np.arange(8.0)[:, None]
    >>> found = neighbour_scores(line, line[:4] + 0.25, k=2)
    >>> [float(values.mean()) for values in found]
    [1.0, 0.75, 1.125, 0.625]
    """
    real, drawn = check_rows("real", real), check_rows("drawn", drawn)
    check_pair(real, drawn, ("real", "drawn"))
    check_at_least("k", k, 1)
    if min(len(real), len(drawn)) <= k:
        raise InputError(
            f"k must be below the number of examples of both, got k={k} for "
            f"{len(real)} and {len(drawn)}"
        )
    from scipy.spatial.distance import cdist

    reach, drawn_reach = _reach(real, k), _reach(drawn, k)
    inside = np.zeros(len(drawn))
    recall, coverage = np.zeros(len(real)), np.zeros(len(real))
    step = max(1, _BLOCK // len(drawn))
    for start in range(0, len(real), step):
        rows = slice(start, start + step)
        distances = cdist(real[rows], drawn)
        within = distances <= reach[rows, None]
        inside += within.sum(0)
        coverage[rows] = within.any(1)
        recall[rows] = (distances <= drawn_reach).any(1)
    return Neighbours((inside > 0).astype(float), recall, inside / k, coverage)


def _reach(rows: np.ndarray, k: int) -> np.ndarray:
    """Distance of each row to its k-th nearest other row."""
    from scipy.spatial.distance import cdist

    found = np.empty(len(rows))
    step = max(1, _BLOCK // len(rows))
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        # Itself is one of the k + 1 nearest, at distance 0.
        found[block] = np.partition(cdist(rows[block], rows), k, axis=1)[:, k]
    return found
