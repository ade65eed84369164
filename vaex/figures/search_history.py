"""How a search went: the value of every trial, and the best so far."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vaex.figures._curves import robust_limits
from vaex.figures._style import BLUE, GREY, SMALL, VERMILION, dress, new_figure


class SearchTrial(NamedTuple):
    """One trial of a search.

    Attributes:
      number: in the order of asking.
      state: "complete", "pruned" or "failed".
      value: of the metric; of a pruned trial its last look; None where there is none.
    """

    number: int
    state: str
    value: float | None


def draw_search_history(
    trials: Sequence[SearchTrial], metric: str, *, maximize: bool = True
) -> Figure:
    """Values over the number of the trial, a step line for the best so far.

    Pruned trials are hollow, failed ones ticks at the lower edge. Values far outside
    are drawn at the edge of the limits and counted.

    Args:
      trials: in any order.
      metric: with its unit, for the axis.
      maximize: whether higher values are better.

    Returns:
      The figure.

    Raises:
      ValueError: if no trial is complete.

    >>> trials = [SearchTrial(0, "complete", -90.0), SearchTrial(1, "failed", None)]
    >>> draw_search_history(trials, "ELBO (nats)").axes[0].get_ylabel()
    'ELBO (nats)'
    """
    done = sorted(t for t in trials if t.state == "complete" and t.value is not None)
    if not done:
        raise ValueError(
            f"trials must hold one that is complete, got {len(trials)} of which none "
            "is; draw them when one is done"
        )
    numbers = np.array([t.number for t in done])
    values = np.array([t.value for t in done], dtype=np.float64)
    best = np.maximum.accumulate(values) if maximize else np.minimum.accumulate(values)
    figure = new_figure(5.6, 3.4)
    axes = figure.subplots()
    low, high = _limits(values, maximize)
    shown = np.clip(values, low, high)
    axes.plot(numbers, shown, ".", color=BLUE, ms=7, label="trial")
    pruned = {
        t.number: t.value for t in trials if t.state == "pruned" and t.value is not None
    }
    if pruned:
        at = np.clip(np.array([*pruned.values()]), low, high)
        axes.plot([*pruned], at, "o", label="pruned", mfc="none", mec=GREY, ms=5)
    last = max(t.number for t in trials)
    axes.step(
        [*numbers, last],
        [*best, best[-1]],
        where="post",
        color=VERMILION,
        lw=1.4,
        label="best so far",
        zorder=1,
    )
    margin = 0.05 * (high - low)
    axes.set_ylim(low - margin, high + margin)
    _mark_failed(axes, [t.number for t in trials if t.state == "failed"])
    axes.set_xlim(-0.5 - 0.01 * last, last + 0.5 + 0.01 * last)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
    dress(axes, x="trial", y=metric)
    drawn = np.array([*values, *pruned.values()])
    outside = int(((drawn < low) | (drawn > high)).sum())
    if outside:
        axes.set_title(
            f"{outside} of {len(drawn)} values outside",
            loc="right",
            fontsize=SMALL,
            color="#555555",
        )
    figure.legend(loc="outside upper center", ncols=4, fontsize=SMALL, frameon=False)
    return figure


def _limits(values: np.ndarray, maximize: bool) -> tuple[float, float]:
    """Limits that show the better half, and of the worse one as much as fits."""
    worst_first = np.sort(values) if maximize else -np.sort(-values)
    found = robust_limits([worst_first])
    if found is None:
        return float(values[0]) - 1.0, float(values[0]) + 1.0
    low, high = found
    return max(low, float(values.min())), min(high, float(values.max()))


def _mark_failed(axes: Axes, numbers: Sequence[int]) -> None:
    if numbers:
        axes.plot(
            numbers,
            np.zeros(len(numbers)),
            "|",
            color="black",
            ms=7,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
            label="failed",
        )
