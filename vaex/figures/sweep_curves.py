"""Learning curves of many runs, coloured by a key."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from vaex.figures._curves import robust_limits
from vaex.figures._style import SMALL, dress, new_figure, note
from vaex.figures._sweep_colours import line_colours
from vaex.figures._sweep_limits import better_half_limits
from vaex.figures._words import plain

MOST_NAMES = 12


class SweepCurve(NamedTuple):
    """One run.

    Attributes:
      name: the value of the key that colours it; runs of one name share a colour.
      steps: [N] optimizer steps, ascending.
      values: [N] finite.
    """

    name: str
    steps: np.ndarray
    values: np.ndarray


def draw_sweep_curves(
    curves: Sequence[SweepCurve],
    *,
    metric: str,
    legend: str = "",
    is_ordered: bool = False,
) -> Figure:
    """A line for each run, one colour for each value of the key.

    The limits show the later half of the curves, but for those that end much lower
    than the better half of them; what lies outside is counted.

    Args:
      curves: at least one, none of them empty.
      metric: its name with its unit; of one that should be high.
      legend: the key.
      is_ordered: whether the names come in an order that colours should show.

    Returns:
      The figure.

    >>> curves = [SweepCurve(n, np.arange(3.0), np.arange(3.0)) for n in ("1", "4")]
    >>> axes = draw_sweep_curves(curves, metric="ELBO", legend="beta").axes[0]
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['1', '4']
    """
    names = list(dict.fromkeys(curve.name for curve in curves))
    figure = new_figure(6.6, 3.8)
    axes = figure.subplots()
    colours = line_colours(len(names), is_ordered=is_ordered)
    width = 1.5 if len(curves) <= 12 else 1.0
    for curve in curves:
        place = names.index(curve.name)
        marker = "o" if len(curve.values) < 3 else ""
        axes.plot(
            curve.steps, curve.values, color=colours[place], lw=width, marker=marker,
            ms=4, alpha=0.85, label=plain(curve.name, 40),
        )  # fmt: skip
    ends = np.array([curve.values[-1] for curve in curves])
    least = better_half_limits(ends)[0]
    limits = robust_limits([c.values for c in curves if c.values[-1] >= least])
    if limits is not None:
        every = np.concatenate([curve.values for curve in curves])
        outside = int(((every < limits[0]) | (every > limits[1])).sum())
        axes.set_ylim(*limits)
        if outside:
            note(axes, f"{outside} of {len(every)} values outside")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
    dress(axes, x="optimizer step", y=metric)
    axes.grid(axis="y", color="#8C8C8C", alpha=0.25, lw=0.7)
    if len(names) > 1:
        handles, labels = axes.get_legend_handles_labels()
        first = dict(zip(reversed(labels), reversed(handles), strict=True))
        shown = [plain(name, 40) for name in names]
        if is_ordered and len(shown) > MOST_NAMES:  # some of them show the order
            places = np.linspace(0, len(shown) - 1, 5).round().astype(int)
            shown = [shown[place] for place in places]
        axes.legend(
            [first[name] for name in shown], shown, title=legend or None,
            fontsize=SMALL, title_fontsize=SMALL, frameon=False, loc="center left",
            bbox_to_anchor=(1.01, 0.5), ncols=-(-len(shown) // 16),
        )  # fmt: skip
    return figure
