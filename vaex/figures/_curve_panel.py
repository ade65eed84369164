"""One quantity of a training run on one pair of axes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, MaxNLocator

from vaex.figures._curves import Curve, robust_limits, running_median
from vaex.figures._style import BLUE, GREEN, GREY, SMALL, VERMILION

STYLES: Mapping[str, tuple[str, str]] = {
    "train": (BLUE, "."),
    "validation": (VERMILION, "o"),
    "test": (GREEN, "D"),
}
FEW = 20  # rows of a training curve that need no smoothing


def draw_curve(axes: Axes, curve: Curve) -> None:
    """One split: training values thin with their running median, others marked.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_curve(axes, Curve("train", np.arange(100.0), np.zeros(100)))
    >>> [line.get_label() for line in axes.lines][1]
    'train, median of 7 rows'
    """
    split, steps, values = curve
    colour, marker = STYLES.get(split, (GREY, "s"))
    if split == "train" and len(values) >= FEW:
        window = 2 * (len(values) // 50) + 3
        places, smooth = running_median(values, window)
        axes.plot(steps, values, color=colour, lw=0.6, alpha=0.35)
        label = f"{split}, median of {window} rows"
        axes.plot(steps[places], smooth, color=colour, lw=1.6, label=label)
    else:
        axes.plot(steps, values, color=colour, marker=marker, ms=4, lw=1.4, label=split)


def draw_panel(axes: Axes, curves: Sequence[Curve]) -> None:
    """All splits of one quantity, within limits that show the later part.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_panel(axes, [Curve("test", np.array([1.0]), np.array([2.0]))])
    >>> axes.lines[0].get_label()
    'test'
    """
    for curve in curves:
        draw_curve(axes, curve)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
    limits = robust_limits([curve.values for curve in curves])
    if limits is None:
        return
    axes.set_ylim(*limits)
    values = np.concatenate([curve.values for curve in curves])
    outside = int(((values < limits[0]) | (values > limits[1])).sum())
    if outside:
        text = f"{outside} of {len(values)} values outside"
        axes.set_title(text, loc="right", fontsize=SMALL, color="#555555")
