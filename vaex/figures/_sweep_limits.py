"""Limits that show the better half of many means, however bad the others are."""

import numpy as np

REACH = 5.0
"""How many times the gap between the best value and the median is shown."""


def better_half_limits(
    values: np.ndarray, *, lower_is_better: bool = False
) -> tuple[float, float]:
    """The best value, and at most five times its distance to the median below it.

    Args:
      values: finite, of any shape.
      lower_is_better: whether the best value is the lowest.

    Returns:
      (low, high), low < high.

    >>> better_half_limits(np.array([-95.0, -96.0, -97.0, -2e10]))
    (-102.5, -95.0)
    """
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    median = float(np.median(values))
    reach = REACH * (median - low if lower_is_better else high - median)
    if reach > 0 and lower_is_better:
        high = min(high, low + reach)
    elif reach > 0:
        low = max(low, high - reach)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
