"""Vectors and their reconstructions: heat maps, and how far all values agree."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._agreement import draw_agreement
from vaex.figures._arrays import finite_range
from vaex.figures._feature_units import in_one_unit
from vaex.figures._heat_maps import (
    add_colour_bar,
    draw_matrix,
    label_features,
    missing_mark,
)
from vaex.figures._histograms import draw_marginal
from vaex.figures._style import SMALL, TITLE, dress, new_figure
from vaex.figures._words import count_of, first_of, plain

MOST_ROWS = 32


def draw_vector_pairs(
    originals: np.ndarray, reconstructions: np.ndarray, columns: Sequence[str] = ()
) -> Figure:
    """Two heat maps (rows are examples, columns features) and a scatter of all values.

    Args:
      originals: [N, D], data units.
      reconstructions: [N, D], data units.
      columns: D names or none.

    Returns:
      The maps of the first examples, the scatter and the colour bar.

    >>> x = np.zeros((4, 3))
    >>> len(draw_vector_pairs(x, x).axes)
    4
    """
    count, width = originals.shape
    shown = min(count, MOST_ROWS)
    originals, reconstructions, unit = in_one_unit(originals, reconstructions)
    wide = float(np.clip(0.18 * width, 2.4, 4.4))
    tall = 4.2 + 0.06 * max((len(plain(name)) for name in columns), default=0)
    figure = new_figure(2 * wide + 5.2, tall)
    left, middle, right = figure.subplots(1, 3, width_ratios=[wide, wide, 3.6])
    limits = finite_range(originals[:shown], tail=0.005)
    feature = "feature" if columns else "feature (index)"
    for axes, values in ((left, originals), (middle, reconstructions)):
        image = draw_matrix(axes, values[:shown], limits)
        label_features(axes, columns, width, side="x")
    dress(left, title="original", x=feature, y="example (index)")
    dress(middle, title="reconstruction", x=feature)
    middle.tick_params(labelleft=False)
    drawn = originals[:shown], reconstructions[:shown]
    add_colour_bar(figure, image, [left, middle], f"value ({unit})", drawn)
    draw_agreement(right, originals, reconstructions, unit)
    right.set_title(f"values of {count_of(count, 'examples')}", fontsize=TITLE)
    title = f"heat maps: {first_of(shown, count)}{missing_mark(drawn)}"
    figure.suptitle(title, fontsize=TITLE)
    return figure


def draw_scalar_pairs(
    originals: np.ndarray, reconstructions: np.ndarray, columns: Sequence[str] = ()
) -> Figure:
    """Histograms of both and the scatter of one against the other.

    Args:
      originals: [N], data units.
      reconstructions: [N], data units.
      columns: the name of the value, or none.

    Returns:
      Two pairs of axes.

    >>> len(draw_scalar_pairs(np.zeros(4), np.zeros(4)).axes)
    2
    """
    name = plain(columns[0]) if columns else "value"
    figure = new_figure(7.6, 3.6)
    left, right = figure.subplots(1, 2)
    draw_marginal(
        left, reconstructions, originals, labels=("reconstruction", "original")
    )
    dress(left, x=f"{name} (data units)", y="density (per data unit)")
    above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 2}
    left.legend(fontsize=SMALL, frameon=False, **above)
    draw_agreement(right, originals, reconstructions, "data units")
    figure.suptitle(count_of(len(originals), "examples"), fontsize=TITLE)
    return figure
