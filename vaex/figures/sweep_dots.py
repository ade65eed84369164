"""A metric over the options of a key: a dot for each seed, and their mean."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._style import SMALL, dress, new_figure
from vaex.figures._sweep_colours import line_colours
from vaex.figures._words import plain


class SweepDots(NamedTuple):
    """The runs of one value of a key, in each group of other keys.

    Attributes:
      name: value of the key of the colours, "" where there is none.
      values: for each option [n] values of the seeds; may be empty.
    """

    name: str
    values: Sequence[np.ndarray]


def draw_sweep_dots(
    dots: Sequence[SweepDots],
    options: Sequence[str],
    *,
    name: str,
    metric: str,
    legend: str = "",
) -> Figure:
    """Options from top to bottom; seeds pale, their mean with one standard error bold.

    Args:
      dots: at least one; each a colour.
      options: names, as many as each of the dots has values.
      name: the key of the options.
      metric: its name with its unit.
      legend: the key of the colours.

    Returns:
      The figure.

    >>> dots = [SweepDots("", [np.array([-3.0, -2.0]), np.array([-9.0])])]
    >>> axes = draw_sweep_dots(dots, ["a", "b"], name="head", metric="ELBO").axes[0]
    >>> [tick.get_text() for tick in axes.get_yticklabels()]
    ['a', 'b']
    """
    count = len(dots)
    spread = 0.26 * min(count - 1, 3) / max(count - 1, 1)
    figure = new_figure(6.6, 1.1 + len(options) * max(0.42, 0.2 * count))
    axes = figure.subplots()
    colours = line_colours(count)
    for index, one in enumerate(dots):
        colour = colours[index]
        shift = spread * (index - (count - 1) / 2)
        label = plain(one.name, 40)
        for place, values in enumerate(one.values):
            found = values[np.isfinite(values)]
            if not found.size:
                continue
            heights = np.full(found.shape, place + shift)
            axes.plot(found, heights, "o", color=colour, ms=5, alpha=0.3, mew=0)
            error = found.std(ddof=1) / np.sqrt(found.size) if found.size > 1 else None
            axes.errorbar(
                [found.mean()], [place + shift], xerr=error, fmt="D", color=colour,
                ms=5, lw=1.8, capsize=0, label=label,
            )  # fmt: skip
            label = "_"
    axes.set_ylim(len(options) - 0.5, -0.5)
    axes.set_yticks(range(len(options)), [plain(option, 32) for option in options])
    dress(axes, x=metric, y=name)
    axes.grid(axis="x", color="#8C8C8C", alpha=0.25, lw=0.7)
    if count > 1:
        axes.legend(
            title=legend or None, fontsize=SMALL, title_fontsize=SMALL, frameon=False,
            loc="center left", bbox_to_anchor=(1.01, 0.5),
        )  # fmt: skip
    return figure
