"""A metric against one numeric key, a line for each value of another one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from vaex.figures._curves import robust_limits
from vaex.figures._style import SMALL, dress, new_figure, note
from vaex.figures._sweep_colours import line_colours
from vaex.figures._words import plain

RATIO = 4.0
"""Largest over smallest step between values from which on their axis is logarithmic."""


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


def draw_sweep_lines(
    lines: Sequence[SweepLine],
    *,
    x_name: str,
    metric: str,
    legend: str = "",
    is_ordered: bool = False,
) -> Figure:
    """Lines with bands of one standard error over seeds.

    The key's axis is logarithmic where its values are spaced so. A mean of one seed
    has no band. Means far below the others are left out of the limits and counted.

    Args:
      lines: at least one; more than twelve share colours.
      x_name: the key.
      metric: its name with its unit.
      legend: names of the other keys.
      is_ordered: whether the lines come in an order that colours should show.

    Returns:
      The figure.

    >>> x = np.array([1e-4, 1e-3, 1e-2])
    >>> line = SweepLine("", x, -x, np.full(3, 0.1))
    >>> axes = draw_sweep_lines([line], x_name="learning_rate", metric="ELBO").axes[0]
    >>> axes.get_xscale()
    'log'
    """
    figure = new_figure(6.2, 3.8)
    axes = figure.subplots()
    colours = line_colours(len(lines), is_ordered=is_ordered)
    for colour, line in zip(colours, lines, strict=True):
        known = np.isfinite(line.means)
        x, means, errors = line.x[known], line.means[known], line.errors[known]
        errors = np.nan_to_num(errors)
        axes.fill_between(x, means - errors, means + errors, color=colour, alpha=0.2)
        name = plain(line.name, 40)
        axes.plot(x, means, color=colour, marker="o", ms=4.5, lw=1.6, label=name)
    every = np.unique(np.concatenate([line.x for line in lines]))
    if is_spaced_by_ratios(every):
        axes.set_xscale("log")
    if len(every) <= 12:
        axes.xaxis.set_major_locator(FixedLocator(every.tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xticks(every, [f"{value:g}" for value in every])
    means = np.concatenate([line.means[np.isfinite(line.means)] for line in lines])
    limits = robust_limits([means]) if len(means) > 4 else None
    if limits is not None:
        beyond = int(((means < limits[0]) | (means > limits[1])).sum())
        if beyond:
            axes.set_ylim(*limits)
            note(axes, f"{beyond} of {len(means)} means outside")
    dress(axes, x=x_name, y=metric)
    axes.grid(axis="y", color="#8C8C8C", alpha=0.25, lw=0.7)
    if len(lines) > 1:
        box = axes.legend(
            title=legend or None, fontsize=SMALL, title_fontsize=SMALL, frameon=False,
            loc="center left", bbox_to_anchor=(1.01, 0.5),
        )  # fmt: skip
        box.set_in_layout(True)
    return figure


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
