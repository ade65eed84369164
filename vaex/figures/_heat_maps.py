"""Matrices as colours: what heat maps of vectors and of sequences share."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from vaex.figures._style import LABEL, SMALL
from vaex.figures._words import plain

COLOURS = matplotlib.colormaps["viridis"].with_extremes(bad="#C8C8C8")


def draw_matrix(
    axes: Axes, values: np.ndarray, limits: tuple[float, float]
) -> AxesImage:
    """One heat map, each number one rectangle; missing numbers grey.

    Args:
      axes: where to draw.
      values: [rows, columns], NaN is missing.
      limits: the values at the ends of the colour scale.

    Returns:
      The image, for its colour bar.

    >>> draw_matrix(Figure().subplots(), np.eye(3), (0, 1)).get_clim()
    (0.0, 1.0)
    """
    low, high = limits
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(7, integer=True, min_n_ticks=1))
    return axes.imshow(
        values, COLOURS, aspect="auto", vmin=low, vmax=high, interpolation="none"
    )


def label_features(
    axes: Axes,
    columns: Sequence[str],
    count: int,
    *,
    side: Literal["x", "y"],
    most: int = 24,
) -> None:
    """Names of features along one side, or their numbers; every k-th if too many.

    >>> axes = Figure().subplots()
    >>> label_features(axes, ["age", "height"], 2, side="x")
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['age', 'height']
    """
    most = most if columns else min(most, 10)
    places = range(0, count, -(-count // most))
    names = [plain(columns[i]) if columns else str(i) for i in places]
    axis = axes.xaxis if side == "x" else axes.yaxis
    turn = 90 if side == "x" and columns else 0
    axis.set_ticks(places, names, rotation=turn, fontsize=SMALL, parse_math=False)


def add_colour_bar(
    figure: Figure, image: AxesImage, axes: Any, unit: str, values: Iterable[np.ndarray]
) -> None:
    """One colour bar for several maps, pointed where values lie beyond its end.

    Args:
      figure: where the maps are.
      image: one of them.
      axes: the axes of all of them.
      unit: label.
      values: all numbers on the maps.

    >>> figure = Figure()
    >>> axes = figure.subplots()
    >>> add_colour_bar(figure, draw_matrix(axes, np.eye(2), (0, 1)), axes, "z", [])
    >>> figure.axes[1].get_ylabel()
    'z'
    """
    low, high = image.get_clim()
    every = np.concatenate([np.empty(0), *(value.ravel() for value in values)])
    beyond = bool((every < low).any()), bool((every > high).any())
    pointed = ["neither", "max", "min", "both"][2 * beyond[0] + beyond[1]]
    bar = figure.colorbar(image, ax=axes, extend=pointed, aspect=30, pad=0.02)
    bar.set_label(unit, fontsize=LABEL, parse_math=False)
    bar.ax.tick_params(labelsize=SMALL)


def missing_mark(values: Iterable[np.ndarray]) -> str:
    """What grey means, for a title, if anything is missing.

    >>> missing_mark([np.ones(2)]), missing_mark([np.array([np.nan])])
    ('', '; grey: missing')
    """
    return "; grey: missing" * any(np.isnan(value).any() for value in values)
