"""The axis of a numeric key: its scale, and names that can be read."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

RATIO = 4.0
"""Largest over smallest value from which on their axis may be logarithmic."""

WIDE = 50.0
"""The same, from which on it is."""

MANY = 100.0
"""Largest over smallest value from which on powers of ten are enough of ticks."""

MOST_NAMED = 12
"""Values that have ticks of their own."""

CHARACTER = 0.085
"""Inches that a character of a tick's name is wide, about."""


def scale_key_axis(
    axes: Axes, values: Sequence[float] | np.ndarray, inches: float
) -> None:
    """Chooses scale and ticks of the x axis; few values have ticks of their own.

    Args:
      axes: to be scaled; what shares its x axis is scaled with it.
      values: [N] of the key, finite.
      inches: that the axis is long, about.
    """
    every = np.unique(np.asarray(values, dtype=np.float64))
    is_wide = every[0] > 0 and every[-1] / every[0] > WIDE
    is_log = is_wide or is_spaced_by_ratios(every)
    if is_log:
        axes.set_xscale("log")
    ticks = every
    if len(every) > MOST_NAMED:
        if not is_log or every[-1] / every[0] >= MANY:
            return
        ticks = _round_numbers(every[0], every[-1])
    lifted = np.log if is_log else np.asarray
    reach = lifted(every[-1]) - lifted(every[0]) or 1.0
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, _names(ticks, lifted(ticks) * inches / reach))


def _round_numbers(low: float, high: float) -> np.ndarray:
    """One, two and five times powers of ten."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.log10(high) + 1)
    found = np.outer(powers, (1.0, 2.0, 5.0)).ravel()
    return found[(found >= low) & (found <= high)]


def _names(values: np.ndarray, places: np.ndarray) -> list[str]:
    """A name for each value, "" for one that would lie over the name before.

    Args:
      values: ascending.
      places: theirs on the axis, in inches.
    """
    names, last = [f"{value:g}" for value in values], 0
    for place in range(1, len(values)):
        length = (len(names[place]) + len(names[last])) / 2 + 1
        if places[place] - places[last] >= length * CHARACTER:
            last = place
        else:
            names[place] = ""
    return names


def is_spaced_by_ratios(values: Sequence[float] | np.ndarray) -> bool:
    """Whether positive values lie evenly on a logarithmic scale rather than a linear.

    >>> is_spaced_by_ratios([1e-4, 1e-3, 1e-2]), is_spaced_by_ratios([1, 2, 3])
    (True, False)
    >>> is_spaced_by_ratios([0.5, 1, 4]), is_spaced_by_ratios([0, 1, 10])
    (True, False)
    """
    ordered = np.unique(np.asarray(values, dtype=np.float64))
    if len(ordered) < 2 or ordered[0] <= 0:
        return False
    if len(ordered) == 2:
        return bool(ordered[1] / ordered[0] >= RATIO)
    steps = np.diff(ordered)
    ratios = np.diff(np.log(ordered))
    return bool(
        steps.max() / steps.min() > ratios.max() / ratios.min()
        and ordered[-1] / ordered[0] >= RATIO
    )
