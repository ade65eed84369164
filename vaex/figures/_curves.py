"""Numbers from rows of a training log: columns, smoothing, limits."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

SPLITS = ("train", "validation", "test")


class Curve(NamedTuple):
    """Finite values of one quantity on one split: steps [N], values [N]."""

    split: str
    steps: np.ndarray
    values: np.ndarray


def column(rows: Sequence[Mapping[str, Any]], name: str) -> np.ndarray:
    """One quantity over the rows, NaN where it is missing or not a finite number.

    >>> column([{"elbo": -3.0}, {"elbo": None}, {}], "elbo").tolist()
    [-3.0, nan, nan]
    """
    found = (row.get(name) for row in rows)
    values = [float(v) if isinstance(v, Real) else np.nan for v in found]
    array = np.array(values, dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def read_curves(rows: Sequence[Mapping[str, Any]], name: str) -> list[Curve]:
    """One curve per split that has the quantity, the training split first.

    A step that was logged twice (a resumed run) keeps its last value.

    >>> read_curves([{"step": 1, "split": "test", "rate": 2.0}], "rate")
    [Curve(split='test', steps=array([1.]), values=array([2.]))]
    """
    own = [str(row.get("split", "train")) for row in rows]
    curves = []
    for split in dict.fromkeys([*SPLITS, *own]):
        chosen = [row for row, its in zip(rows, own, strict=True) if its == split]
        steps, values = column(chosen, "step"), column(chosen, name)
        known = np.isfinite(steps) & np.isfinite(values)
        last = dict(zip(steps[known], values[known], strict=True))
        if last:
            ordered = np.array(sorted(last.items()))
            curves.append(Curve(split, ordered[:, 0], ordered[:, 1]))
    return curves


def running_median(
    values: np.ndarray, window: int, most: int = 400
) -> tuple[np.ndarray, np.ndarray]:
    """Median over centred windows, at up to `most` places spread over the curve.

    Near the start windows shrink to stay centred, since values change fastest there;
    near the end they lose their later half. A median, because a mean would carry one
    huge early value into all its neighbours.

    Args:
      values: [N] finite.
      window: odd number of neighbours.
      most: places.

    Returns:
      [M] indices and [M] medians, in the units of the values.

    >>> running_median(np.array([9e9, 3.0, 2.0, 1.0, 1.0]), 3)[1][1:].tolist()
    [3.0, 2.0, 1.0, 1.0]
    """
    count = len(values)
    places = np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))
    half = np.minimum(places, window // 2)
    spans = zip(places - half, places + half + 1, strict=True)
    return places, np.array([np.median(values[i:j]) for i, j in spans])


def robust_limits(curves: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """Limits that show the later half of every curve and as much before as fits.

    What lies within five widths of the central 90 % of a curve's second half is
    inside, and so is the last value.

    Args:
      curves: finite values of each curve, in order of steps; none of them empty.

    Returns:
      (low, high) with a margin of 5 %, or None where all values are equal.

    >>> low, high = robust_limits([np.r_[-1e6, np.linspace(-200, -100, 50)]])
    >>> -206 < low < -200 and -100 < high < -94
    True
    """
    ends = []
    for curve in curves:
        low, high = np.quantile(curve[len(curve) // 2 :], [0.05, 0.95])
        reach = 5 * (high - low) if high > low else np.inf
        inside = curve[(curve >= low - reach) & (curve <= high + reach)]
        ends += [inside.min(), inside.max(), curve[-1]]
    low, high = float(min(ends)), float(max(ends))
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        return None
    margin = 0.05 * (high - low)
    return low - margin, high + margin
