"""Reconstruction against original, value by value."""

import numpy as np
from matplotlib.axes import Axes

from vaex.figures._arrays import finite_range
from vaex.figures._style import BLUE, GREY, SMALL, dress, note

MOST_POINTS = 5000


def draw_agreement(
    axes: Axes, originals: np.ndarray, reconstructions: np.ndarray, unit: str
) -> None:
    """Every value a point, with the line where both are equal.

    Of more than 5000 values a fixed random choice is drawn; reconstructions beyond
    all originals and beyond their own central 99.8 % are counted and left out.

    Args:
      axes: where to draw.
      originals: [...], NaN is left out.
      reconstructions: [...], the same shape.
      unit: of both.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_agreement(axes, np.arange(3.0), np.arange(3.0), "data units")
    >>> axes.get_ylabel()
    'reconstruction (data units)'
    """
    known = np.isfinite(originals) & np.isfinite(reconstructions)
    x, y = originals[known], reconstructions[known]
    ranges = finite_range(x), finite_range(y, tail=0.001)
    low, high = min(ranges)[0], max(end for _, end in ranges)
    margin = 0.04 * (high - low)
    low, high = low - margin, high + margin
    axes.plot([low, high], [low, high], color=GREY, lw=1, label="identity")
    chosen = np.random.default_rng(0).permutation(x.size)[:MOST_POINTS]
    faint = 0.8 if x.size < 200 else 0.3
    axes.scatter(x[chosen], y[chosen], s=8, color=BLUE, alpha=faint, lw=0)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    dress(axes, x=f"original ({unit})", y=f"reconstruction ({unit})")
    axes.legend(loc="lower right", fontsize=SMALL, frameon=False)
    outside = int(((y < low) | (y > high)).sum())
    if outside:
        note(axes, f"{outside} of {y.size} values outside", side="left")
