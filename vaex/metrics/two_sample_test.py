"""A two-sample test by maximum mean discrepancy and permutations.

N and M draws, D dimensions.
"""

from typing import NamedTuple

import numpy as np

from vaex.errors import InputError
from vaex.metrics._inputs import check_at_least, check_pair, check_rows


class TwoSampleTest(NamedTuple):
    """Outcome of a test of whether two samples have one distribution.

    Attributes:
      statistic: unbiased estimate of MMD^2; may be negative.
      p_value: share of permutations (with the one given) with a statistic as large.
      bandwidth: of the kernel exp(-|x - y|^2 / (2 bandwidth^2)).
      null_deviation: standard deviation of the statistic over the permutations.
    """

    statistic: float
    p_value: float
    bandwidth: float
    null_deviation: float


def mmd_test(
    x: np.ndarray, y: np.ndarray, *, permutations: int = 500, seed: int = 0
) -> TwoSampleTest:
    """Tests whether two samples come from one distribution.

    A Gaussian kernel whose bandwidth is the median distance between two of all draws;
    MMD^2 as a U-statistic (`vaex.bounds.kernel_discrepancy.squared_discrepancy` is the
    same for any kernel); the p-value by random relabelling.

    Args:
      x: [N, D], N at least 2.
      y: [M, D], M at least 2.
      permutations: P.
      seed: of the permutations.

    Returns:
      The outcome; p-values are multiples of 1 / (P + 1), at least that.

    Raises:
      InputError: for shapes that differ or values that are not finite.

    Numerics: for one distribution P(p <= a) <= a holds for every sample size, as the
      bandwidth does not depend on which draw is of which sample. Takes 8 (N + M)^2
      bytes. A p-value that is not small may mean few draws.

    Source: Gretton, Borgwardt, Rasch, Schoelkopf, Smola, "A Kernel Two-Sample Test",
      JMLR 13, 2012, https://jmlr.org/papers/v13/gretton12a.html (the unbiased
      statistic, the median heuristic); the p-value counts the given labels too:
      Phipson, Smyth, "Permutation P-values Should Never Be Zero", Statistical
      Applications in Genetics and Molecular Biology 9, 2010,
      https://arxiv.org/abs/1603.05766

    >>> random = np.random.default_rng(1)
    >>> x, y = random.normal(size=(2, 50, 3))
    >>> mmd_test(x, y).p_value > 0.05, mmd_test(x, y + 1).p_value < 0.01
    (True, True)
    """
    x, y = check_rows("x", x), check_rows("y", y)
    check_pair(x, y, ("x", "y"))
    check_at_least("permutations", permutations, 1)
    if min(len(x), len(y)) < 2:
        raise InputError(f"x and y must have two rows each, got {len(x)} and {len(y)}")
    from scipy.spatial.distance import pdist, squareform

    distances = pdist(np.concatenate([x, y]))
    bandwidth = float(np.median(distances))
    if bandwidth == 0:
        positive = distances[distances > 0]  # more than half of the pairs are equal
        bandwidth = float(np.median(positive)) if len(positive) else 1.0
    kernel = squareform(np.exp(-0.5 * np.square(distances / bandwidth)))
    total, count = len(kernel), len(x)
    random = np.random.default_rng(seed)
    given = np.arange(total) < count
    chosen = np.stack([given, *(random.permuted(given) for _ in range(permutations))])
    values = _statistics(kernel, chosen.astype(np.float64), count)
    # Relabellings with equal sums may differ in the last digit.
    as_large = values[1:] >= values[0] - 1e-12
    return TwoSampleTest(
        float(values[0]),
        float((1 + as_large.sum()) / (1 + permutations)),
        bandwidth,
        float(values[1:].std()),
    )


def _statistics(kernel: np.ndarray, chosen: np.ndarray, count: int) -> np.ndarray:
    """MMD^2 [P] of a kernel matrix [T, T], 0 on its diagonal, and labels [P, T]."""
    other = len(kernel) - count
    sums = chosen @ kernel  # [P, T]
    within = (sums * chosen).sum(1)
    across = sums.sum(1) - within
    rest = kernel.sum() - within - 2.0 * across
    return (
        within / (count * (count - 1))
        + rest / (other * (other - 1))
        - 2.0 * across / (count * other)
    )
