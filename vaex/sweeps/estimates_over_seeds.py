"""Means over seeds, their standard errors, and differences of the same seeds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats


class Estimate(NamedTuple):
    """A mean over seeds.

    Attributes:
      mean: None where there is no seed.
      se: its standard error, s / sqrt(n) with n - 1 in s; None for one seed.
      n: number of seeds.
    """

    mean: float | None
    se: float | None
    n: int


class Difference(NamedTuple):
    """A mean of differences of pairs, with a t confidence interval.

    Attributes:
      mean: of the differences; None where no seed is in both.
      se: its standard error; None for one pair.
      low: lower end of the interval; None for one pair.
      high: its upper end.
      n: number of pairs.
    """

    mean: float | None
    se: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0.

        >>> Difference(2.0, 0.5, 0.1, 3.9, 3).is_clear
        True
        """
        return (
            self.low is not None
            and self.high is not None
            and (self.low > 0 or self.high < 0)
        )


def mean_over(values: Sequence[float]) -> Estimate:
    """Mean and standard error, sqrt(sum (v - mean)^2 / (n - 1) / n).

    >>> mean_over([1.0, 2.0, 3.0]).mean, mean_over([1.0]).se
    (2.0, None)
    """
    n = len(values)
    if n == 0:
        return Estimate(None, None, 0)
    array = np.asarray(values, dtype=np.float64)
    se = float(array.std(ddof=1) / math.sqrt(n)) if n > 1 else None
    return Estimate(float(array.mean()), se, n)


def paired_difference(
    first: Mapping[Any, float], second: Mapping[Any, float], level: float = 0.95
) -> Difference:
    """Mean of first - second over the seeds of both, with Student's t interval.

    mean -+ t_{(1 + level)/2, n - 1} se. It takes the differences for normal; it is
    one comparison, with no allowance for the others that are made beside it.

    Args:
      first: seed -> value.
      second: seed -> value.
      level: of confidence.

    Source: Student, "The probable error of a mean", Biometrika 6, 1908,
      https://doi.org/10.1093/biomet/6.1.1

    >>> found = paired_difference({0: 2.0, 1: 4.0}, {0: 1.0, 1: 1.0, 2: 9.0})
    >>> found.mean, found.se, found.n
    (2.0, 1.0, 2)
    """
    seeds = [seed for seed in first if seed in second]
    mean, se, n = mean_over([first[seed] - second[seed] for seed in seeds])
    if mean is None or se is None:
        return Difference(mean, se, None, None, n)
    reach = float(stats.t.ppf(0.5 + level / 2, n - 1)) * se
    return Difference(mean, se, mean - reach, mean + reach, n)
