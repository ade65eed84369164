"""Marginal histograms of the features of a table."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._histograms import draw_marginal
from vaex.figures._images import grid_shape
from vaex.figures._style import LABEL, SMALL, TITLE, dress, new_figure
from vaex.figures._words import count_of, first_of, plain

MOST_FEATURES = 16


def draw_marginals(
    samples: np.ndarray, data: np.ndarray | None, columns: Sequence[str] = ()
) -> Figure:
    """One histogram per feature, samples against data.

    Args:
      samples: [N, D], data units.
      data: [M, D], data units, or None.
      columns: D names or none.

    Returns:
      One pair of axes for each of the first 16 features.

    >>> figure = draw_marginals(np.zeros((5, 2)), None, ["age", "height"])
    >>> [axes.get_title() for axes in figure.axes]
    ['age', 'height']
    """
    width = samples.shape[1]
    shown = min(width, MOST_FEATURES)
    rows, across = grid_shape(shown)
    figure = new_figure(max(2.1 * across, 4.4) + 0.6, 1.6 * rows + 1.2)
    grid = figure.subplots(rows, across, squeeze=False).ravel()
    for feature, axes in enumerate(grid[:shown]):
        known = None if data is None else data[:, feature]
        draw_marginal(axes, samples[:, feature], known)
        name = columns[feature] if columns else f"feature {feature}"
        name = "value" if width == 1 and not columns else plain(name, 20)
        dress(axes, title=name)
        axes.locator_params("y", nbins=4)
    for axes in grid[shown:]:
        axes.remove()
    figure.supxlabel("value (data units)", fontsize=LABEL)
    figure.supylabel("density (per data unit)", fontsize=LABEL)
    counts = count_of(len(samples), "samples")
    counts += "" if data is None else f", {count_of(len(data), 'data examples')}"
    counts += f"; {first_of(shown, width, 'features')}" if shown < width else ""
    figure.suptitle(counts, fontsize=TITLE)
    if data is not None:
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="outside lower right",
            ncols=2,
            fontsize=SMALL,
            frameon=False,
        )
    return figure
