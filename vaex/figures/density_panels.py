"""One-dimensional densities side by side, a panel each."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._style import BLUE, GREEN, SMALL, VERMILION, dress, new_figure


class DensityPanel(NamedTuple):
    """Densities, or probabilities, of one family.

    Attributes:
      title: name of the family.
      x: [V] values, ascending.
      densities: [n, V], at most 3.
      labels: n descriptions of the parameters.
      is_discrete: whether values are outcomes, drawn as points.
    """

    title: str
    x: np.ndarray
    densities: np.ndarray
    labels: Sequence[str]
    is_discrete: bool


def draw_densities(panels: Sequence[DensityPanel], columns: int = 5) -> Figure:
    """A grid of panels with one curve for each setting of the parameters.

    A density that is infinite or very high somewhere is cut there, so that the rest
    can be seen.

    Args:
      panels: what to draw, at least one.
      columns: panels in a row.

    Returns:
      The figure.

    Raises:
      ValueError: if there is no panel, or one has more than 3 curves.

    >>> x = np.linspace(0.0, 1.0, 5)
    >>> panel = DensityPanel("Uniform", x, np.ones((1, 5)), ["0 to 1"], False)
    >>> draw_densities([panel]).axes[0].get_title()
    'Uniform'
    """
    if not panels:
        raise ValueError("panels must hold one at least, got none")
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(2.6 * columns, 2.1 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, panel in zip(grid, panels, strict=False):
        _draw(axes, panel)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    return figure


def _draw(axes, panel: DensityPanel) -> None:
    if len(panel.densities) > 3:
        raise ValueError(
            f"a panel must have at most 3 curves, got {len(panel.densities)} for "
            f"{panel.title}"
        )
    styles = zip((BLUE, VERMILION, GREEN), ("-", "--", ":"), strict=True)
    for density, label, (colour, line) in zip(
        panel.densities, panel.labels, styles, strict=False
    ):
        shown = np.where(np.isfinite(density), density, np.nan)
        (curve,) = axes.plot(panel.x, shown, line, color=colour, label=label, lw=1.2)
        if panel.is_discrete:
            curve.set(marker="o", markersize=2.5)
    y = "probability" if panel.is_discrete else "density"
    dress(axes, title=panel.title, x="x", y=y)
    axes.set_ylim(0.0, None if panel.is_discrete else _top(panel.densities))
    axes.legend(fontsize=SMALL - 2, frameon=False, handlelength=1.4)


def _top(densities: np.ndarray) -> float:
    """Above the peaks, unless one is so high and narrow that it hides the rest."""
    finite = np.where(np.isfinite(densities), densities, 0.0)
    peaks = finite.max(axis=1)
    typical = 3.0 * np.quantile(finite, 0.95, axis=1).max()
    return 1.08 * max(min(peaks.max(), typical), 1e-12)
