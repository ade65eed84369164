"""Are stated probabilities true? PIT values, coverage of intervals, evenness of counts.

N examples, E event.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from vaex.errors import InputError


class Evenness(NamedTuple):
    """Outcome of a chi-square test of even counts.

    Attributes:
      p_value: of `statistic` under chi-square with `degrees`.
      statistic: sum of (count - expected)^2 / expected.
      degrees: of freedom, bins - 1: nothing was fitted.
    """

    p_value: float
    statistic: float
    degrees: int


def pit_of_cdf(below: Any, at: Any, uniform: Any) -> Any:
    """The probability integral transform, randomised where there are jumps.

    u = P(X < x) + v P(X = x). Where x is drawn from the distribution itself and v from
    the uniform, u is uniform, discrete or not.

    Args:
      below: [...] P(X < x); for continuous X the same as `at`.
      at: [...] P(X <= x).
      uniform: [...] v, from 0 to 1, drawn independently of all else.

    Returns:
      [...] from 0 to 1.

    Source: Czado, Gneiting, Held, "Predictive Model Assessment for Count Data",
      Biometrics 65, 2009, https://doi.org/10.1111/j.1541-0420.2009.01191.x; without
      jumps Dawid, "Present Position and Potential Developments: The Prequential
      Approach", JRSS A 147, 1984.

    >>> pit_of_cdf(np.array([0.2, 0.5]), np.array([0.6, 0.5]), 0.5).tolist()
    [0.4, 0.5]
    """
    return below + uniform * (at - below)


def pit_of_counts(less: Any, equal: Any, num_draws: Any, uniform: Any) -> Any:
    """The same by draws: exactly uniform for any number of them.

    u = (L + v (E + 1)) / (S + 1): the rank of x among itself and S draws from the
    distribution that it is said to have, its place among equals at random.

    Args:
      less: [...] L, draws below x.
      equal: [...] E, draws equal to x.
      num_draws: S.
      uniform: [...] v, from 0 to 1, drawn independently of all else.

    Returns:
      [...] from 0 to 1.

    >>> pit_of_counts(np.array([2, 0]), np.array([0, 3]), 3, 0.5).tolist()
    [0.625, 0.5]
    """
    return (less + uniform * (equal + 1.0)) / (num_draws + 1.0)


def in_central_interval(pit: np.ndarray, level: float) -> np.ndarray:
    """Whether x is in the central interval of a probability, from its PIT.

    Args:
      pit: [...] from 0 to 1; NaN where there is none.
      level: of the interval, between 0 and 1, from quantile (1 - level) / 2 to its
        mirror image.

    Returns:
      [...] 1.0 or 0.0, NaN where there is none. The mean is the coverage, `level` where
      probabilities are true.

    >>> in_central_interval(np.array([0.04, 0.06, np.nan]), 0.9).tolist()
    [0.0, 1.0, nan]
    """
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, got {level}")
    inside = (np.abs(pit - 0.5) <= level / 2).astype(np.float64)
    return np.where(np.isnan(pit), np.nan, inside)


def spread_of(pit: np.ndarray) -> np.ndarray:
    """12 (u - 1/2)^2 of PIT values or ranks over their range, of mean 1 if uniform.

    Above 1 in the mean: values lie too often at the ends, so that what was stated is
    too narrow (or off to one side); below 1: too wide.

    Args:
      pit: [...] from 0 to 1.

    Returns:
      [...] from 0 to 3.

    >>> spread_of(np.array([0.5, 0.0])).tolist()
    [0.0, 3.0]
    """
    return 12.0 * np.square(pit - 0.5)


def counts_in_bins(pit: np.ndarray, bins: int) -> np.ndarray:
    """How many PIT values are in each of equal bins from 0 to 1; NaN are left out.

    >>> counts_in_bins(np.array([0.0, 0.3, 1.0, np.nan]), 2).tolist()
    [2, 1]
    """
    return np.histogram(pit[~np.isnan(pit)], bins, (0.0, 1.0))[0]


def evenness(counts: Sequence[int] | np.ndarray) -> Evenness:
    """Chi-square test that all bins have one probability.

    Args:
      counts: [B] of independent values, 5 a bin in the mean or more.

    Raises:
      InputError: for fewer than two bins or too few values.

    >>> evenness([10, 10, 40]).degrees
    2
    """
    counts = np.asarray(counts)
    if counts.ndim != 1 or len(counts) < 2 or counts.mean() < 5:
        raise InputError(
            "counts must be of two bins or more with 5 values in the mean, got "
            f"{counts.tolist()}; give more values or fewer bins"
        )
    from scipy.stats import chi2

    expected = counts.mean()
    statistic = float((np.square(counts - expected) / expected).sum())
    degrees = len(counts) - 1
    return Evenness(float(chi2.sf(statistic, degrees)), statistic, degrees)


def histogram_band(total: int, bins: int, level: float = 0.95) -> tuple[int, int]:
    """Counts between which all bins of uniform values lie together.

    Args:
      total: independent values.
      bins: B.
      level: lower bound of the probability that every bin is within, by Bonferroni's
        inequality from each bin's binomial distribution.

    Returns:
      Lowest and highest count.

    >>> histogram_band(100, 10)
    (3, 19)
    """
    from scipy.stats import binom

    tail = (1.0 - level) / bins / 2.0
    low, high = binom.ppf([tail, 1.0 - tail], total, 1.0 / bins)
    return int(low), int(high)
