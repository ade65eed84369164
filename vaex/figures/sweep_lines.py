"""A metric against one numeric key, a line for each value of another one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vaex.figures._key_axis import scale_key_axis
from vaex.figures._style import SMALL, dress, new_figure, note
from vaex.figures._sweep_colours import line_colours
from vaex.figures._sweep_limits import better_half_limits
from vaex.figures._words import plain


class SweepLine(NamedTuple):
    """Means over seeds along a key.

    Attributes:
      name: values of the other keys, "" where there are none.
      x: [N] values of the key, ascending.
      means: [N], NaN where there is none.
      errors: [N] standard errors over seeds, NaN where there is none.
    """

    name: str
    x: np.ndarray
    means: np.ndarray
    errors: np.ndarray


class LinePanel(NamedTuple):
    """The lines of one value of a further key.

    Attributes:
      title: the value, "" where there is no further key.
      lines: at least one; those of one name have one colour in all panels.
    """

    title: str
    lines: Sequence[SweepLine]


def draw_sweep_lines(
    panels: Sequence[LinePanel],
    *,
    x_name: str,
    metric: str,
    legend: str = "",
    is_ordered: bool = False,
    lower_is_better: bool = False,
) -> Figure:
    """Lines with bands of one standard error over seeds.

    The key's axis is logarithmic where its values are spaced so. A mean of one seed
    has no band. Means much worse than the better half are left out of
    the limits and counted.

    Args:
      panels: at least one.
      x_name: the key.
      metric: its name with its unit.
      legend: the key of the lines.
      is_ordered: whether the lines come in an order that colours should show.
      lower_is_better: whether the best value is the lowest.

    Returns:
      The figure.

    >>> x = np.array([1e-4, 1e-3, 1e-2])
    >>> line = SweepLine("", x, -x, np.full(3, 0.1))
    >>> panel = LinePanel("", [line])
    >>> axes = draw_sweep_lines([panel], x_name="rate", metric="ELBO").axes[0]
    >>> axes.get_xscale()
    'log'
    """
    across = min(len(panels), 3)
    down = -(-len(panels) // across)
    figure = new_figure(6.2 if across == 1 else 1.6 + 3.4 * across, 0.8 + 3.0 * down)
    drawn = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    every = [line for panel in panels for line in panel.lines]
    names = list(dict.fromkeys(line.name for line in every))
    colours = line_colours(len(names), is_ordered=is_ordered)
    for index, (axes, panel) in enumerate(zip(drawn.flat, panels, strict=False)):
        for line in panel.lines:
            _draw(axes, line, colours[names.index(line.name)])
        bottom = index + across >= len(panels)
        y = metric * (index % across == 0)
        dress(axes, title=plain(panel.title, 40), x=x_name * bottom, y=y)
        axes.grid(axis="y", color="#8C8C8C", alpha=0.25, lw=0.7)
    for axes in drawn.flat[len(panels) :]:
        axes.set_axis_off()
    inches = 4.8 if across == 1 else 2.9
    _scale(drawn.flat[0], every, lower_is_better, inches)
    if len(names) > 1:
        lines = [Line2D([], [], color=colour, marker="o", ms=4.5) for colour in colours]
        figure.legend(
            lines, [plain(name, 40) for name in names], title=legend or None,
            fontsize=SMALL, title_fontsize=SMALL, frameon=False,
            loc="outside right center",
        )  # fmt: skip
    return figure


def _draw(axes: Axes, line: SweepLine, colour: Any) -> None:
    known = np.isfinite(line.means)
    x, means = line.x[known], line.means[known]
    errors = np.nan_to_num(line.errors[known])
    axes.fill_between(x, means - errors, means + errors, color=colour, alpha=0.2)
    axes.plot(x, means, color=colour, marker="o", ms=4.5, lw=1.6)


def _scale(
    axes: Axes, lines: Sequence[SweepLine], lower_is_better: bool, inches: float
) -> None:
    """Scale, ticks and limits, which the panels share."""
    scale_key_axis(axes, np.concatenate([line.x for line in lines]), inches)
    means = np.concatenate([line.means[np.isfinite(line.means)] for line in lines])
    low, high = better_half_limits(means, lower_is_better=lower_is_better)
    beyond = int(((means < low) | (means > high)).sum())
    if beyond:
        margin = 0.06 * (high - low)
        axes.set_ylim(low - margin, high + margin)
        note(axes, f"{beyond} of {len(means)} means outside")
