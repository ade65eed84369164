"""Whether stated probabilities are true: PIT histogram, coverage, ranks of z."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaex.figures._images import grid_shape
from vaex.figures._style import (
    BLUE,
    GREY,
    LABEL,
    SMALL,
    TITLE,
    VERMILION,
    dress,
    new_figure,
)
from vaex.figures._words import count_of, first_of

MOST_DIMENSIONS = 16


def draw_calibration(
    counts: Sequence[int] | np.ndarray,
    band: tuple[int, int],
    coverage: Mapping[float, tuple[float, float | None]],
) -> Figure:
    """PIT histogram with the band of true probabilities, and coverage of intervals.

    Args:
      counts: [B] PIT values in equal bins from 0 to 1.
      band: counts between which all bins of uniform values lie with probability 0.95.
      coverage: level of a central interval -> share of elements inside of it, and its
        standard error or None.

    Returns:
      Two pairs of axes.

    Raises:
      ValueError: if there are no counts or no levels.

    >>> figure = draw_calibration([4, 6], (0, 10), {0.5: (0.4, 0.1), 0.9: (0.8, 0.1)})
    >>> [axes.get_title() for axes in figure.axes]
    ['PIT of 10 values', 'coverage of central intervals']
    """
    counts = np.asarray(counts)
    if counts.ndim != 1 or not counts.sum() or not coverage:
        raise ValueError(
            f"counts must be [B] and not all 0, coverage must have a level, got "
            f"{counts.tolist()} and {dict(coverage)}"
        )
    figure = new_figure(8.8, 3.8)
    left, right = figure.subplots(1, 2)
    _draw_counts(left, counts, band, BLUE)
    left.legend(loc="lower center", fontsize=SMALL, frameon=False)
    dress(
        left,
        title=f"PIT of {count_of(int(counts.sum()), 'values')}",
        x="place among draws of p(x|z), 0 lowest, 1 highest",
        y="values per bin",
    )
    levels = np.array(sorted(coverage))
    shares = np.array([coverage[level][0] for level in levels])
    errors = np.array([coverage[level][1] or 0.0 for level in levels])
    right.plot([0, 1], [0, 1], color=GREY, lw=1, label="true probabilities")
    right.errorbar(
        levels,
        shares,
        2.0 * errors,
        fmt="o",
        color=VERMILION,
        ms=4,
        capsize=3,
        label="share inside, 2 standard errors",
    )
    right.set(xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
    right.legend(loc="upper left", fontsize=SMALL, frameon=False)
    dress(
        right,
        title="coverage of central intervals",
        x="level of the interval",
        y="share of elements inside",
    )
    return figure


def draw_ranks(
    counts: Sequence[Sequence[int]] | np.ndarray,
    band: tuple[int, int],
    names: Sequence[str] = (),
) -> Figure:
    """Simulation-based calibration: ranks of z among draws from its posterior.

    Flat where the posterior is right; high ends: too narrow; a hump: too wide; a slope:
    off to one side.

    Args:
      counts: [L, B] ranks in equal bins, by latent dimension.
      band: counts between which all bins of a right posterior lie with probability
        0.95.
      names: of the L dimensions, or none.

    Returns:
      One pair of axes for each of the first 16 dimensions.

    Raises:
      ValueError: if counts are not [L, B].

    >>> figure = draw_ranks([[4, 6], [9, 1]], (0, 10))
    >>> [axes.get_title() for axes in figure.axes]
    ['z0', 'z1']
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or not counts.size:
        raise ValueError(f"counts must be [L, B], got shape {counts.shape}")
    total = len(counts)
    shown = min(total, MOST_DIMENSIONS)
    rows, across = grid_shape(shown)
    figure = new_figure(max(2.1 * across, 4.8) + 0.6, 1.7 * rows + 1.2)
    grid = figure.subplots(rows, across, squeeze=False, sharey=True).ravel()
    top = 1.1 * max(int(counts[:shown].max()), band[1])
    for number, axes in enumerate(grid[:shown]):
        _draw_counts(axes, counts[number], band, BLUE)
        dress(axes, title=names[number] if names else f"z{number}")
        axes.set_ylim(0, top)
    for axes in grid[shown:]:
        axes.remove()
    figure.supxlabel(
        "rank of z among draws of q(z|x), share of the range", fontsize=LABEL
    )
    figure.supylabel("simulations per bin", fontsize=LABEL)
    title = count_of(int(counts[0].sum()), "simulations")
    title += "; where q is right, a panel is all in the grey with 95 %"
    title += f"; {first_of(shown, total, 'dimensions')}" if shown < total else ""
    figure.suptitle(title, fontsize=TITLE)
    return figure


def _draw_counts(
    axes: Axes, counts: np.ndarray, band: tuple[int, int], colour: str
) -> None:
    """A histogram on [0, 1] over the band in which all bins should be."""
    edges = np.linspace(0.0, 1.0, len(counts) + 1)
    label = "95 % band of all bins together"
    axes.axhspan(*band, color=GREY, alpha=0.3, lw=0, label=label)
    axes.axhline(counts.mean(), color=GREY, lw=1)
    axes.stairs(counts, edges, baseline=None, color=colour, lw=1.6)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.1 * max(int(counts.max()), band[1]))
