"""Differences of models on the same examples or seeds, with their intervals."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from vaex.figures._style import BLUE, GREY, SMALL, VERMILION, dress, new_figure
from vaex.figures._words import plain

ACROSS = 3

STYLES = {"examples": (BLUE, "o"), "seeds": (VERMILION, "D")}


class PairedDot(NamedTuple):
    """One difference.

    Attributes:
      name: of the model that something is taken from.
      mean: of the differences.
      low: lower end of the interval, None where there is none.
      high: upper end of the interval, None where there is none.
      over: "examples" or "seeds", whose pairs they are of.
    """

    name: str
    mean: float
    low: float | None
    high: float | None
    over: str


class PairedPanel(NamedTuple):
    """The differences of one metric.

    Attributes:
      metric: its name with its unit.
      dots: at least one.
    """

    metric: str
    dots: Sequence[PairedDot]


def draw_paired_differences(
    panels: Sequence[PairedPanel], *, baseline: str, level: float
) -> Figure:
    """A panel for each metric, a row for each model, a dot and its interval.

    Args:
      panels: at least one, of the same models.
      baseline: the model that is taken from the others.
      level: of confidence of the intervals.

    Returns:
      The figure.

    >>> dot = PairedDot("wide", 1.0, 0.5, 1.5, "examples")
    >>> panel = PairedPanel("ELBO (nats per example)", [dot])
    >>> figure = draw_paired_differences([panel], baseline="narrow", level=0.95)
    >>> figure.axes[0].get_xlabel()
    'ELBO (nats per example)'
    """
    names = list(dict.fromkeys(dot.name for panel in panels for dot in panel.dots))
    kinds = [
        kind
        for kind in STYLES
        if any(dot.over == kind for panel in panels for dot in panel.dots)
    ]
    across = min(len(panels), ACROSS)
    down = -(-len(panels) // across)
    labelled = max(len(plain(name, 32)) for name in names) * 0.075
    height = 0.7 + 0.26 * len(names) * max(len(kinds), 1.5)
    figure = new_figure(0.4 + labelled + 2.6 * across, 0.7 + height * down)
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, panel in zip(grid.flat, panels, strict=False):
        axes.axvline(0.0, color=GREY, lw=1.0)
        for dot in panel.dots:
            colour, marker = STYLES[dot.over]
            shift = 0.22 * (kinds.index(dot.over) - (len(kinds) - 1) / 2)
            place = names.index(dot.name) + shift
            if dot.low is not None and dot.high is not None:
                axes.plot([dot.low, dot.high], [place, place], color=colour, lw=1.8)
            axes.plot([dot.mean], [place], marker, color=colour, ms=5.5)
        dress(axes, x=panel.metric)
        axes.grid(axis="x", color=GREY, alpha=0.25, lw=0.7)
    first = grid[0, 0]
    first.set_yticks(range(len(names)), [plain(name, 32) for name in names])
    first.set_ylim(len(names) - 0.5, -0.5)
    handles = [
        first.plot([], [], marker, color=colour, label=f"paired over {kind}")[0]
        for kind in kinds
        for colour, marker in [STYLES[kind]]
    ]
    title = f"minus {plain(baseline, 60)}; {level:.0%} intervals"
    figure.legend(
        handles=handles, title=title, fontsize=SMALL, title_fontsize=SMALL,
        loc="outside upper center", ncols=len(kinds), frameon=False,
    )  # fmt: skip
    return figure
