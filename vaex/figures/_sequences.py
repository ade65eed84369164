"""Sequences [T, D] side by side as heat maps."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._arrays import finite_range
from vaex.figures._heat_maps import (
    add_colour_bar,
    draw_matrix,
    label_features,
    missing_mark,
)
from vaex.figures._style import LABEL, TITLE, dress, new_figure
from vaex.figures._words import first_of

MOST_EXAMPLES = 4


def draw_sequences(
    rows: Mapping[str, np.ndarray], reference: np.ndarray, columns: Sequence[str] = ()
) -> Figure:
    """A grid of heat maps: one row per entry, one column per example.

    Position runs to the right and features downwards; events of a higher rank
    have their later axes flattened into features.

    Args:
      rows: label -> [N, T, ...], data units; N may differ, the rest may not.
      reference: the colour scale of all is the central 99 % of these values.
      columns: a name per feature, or none.

    Returns:
      The figure, with one colour bar.

    >>> figure = draw_sequences({"samples": np.zeros((2, 5, 3))}, np.zeros(1))
    >>> len(figure.axes)  # two maps and the colour bar
    3
    """
    flat = {
        label: values[:MOST_EXAMPLES].reshape(
            *(min(len(values), MOST_EXAMPLES), values.shape[1], -1)
        )
        for label, values in rows.items()
    }
    limits = finite_range(reference, tail=0.005)
    width = max(len(values) for values in flat.values())
    figure = new_figure(2.2 + 1.9 * width, 0.9 + 1.7 * len(flat))
    grid = figure.subplots(len(flat), width, sharex=True, sharey=True, squeeze=False)
    image = None
    for line, (label, values) in zip(grid, flat.items(), strict=True):
        for number, axes in enumerate(line):
            if number >= len(values):
                axes.set_axis_off()
                continue
            image = draw_matrix(axes, values[number].T, limits)
            dress(axes, y=label if number == 0 else "")
            label_features(axes, columns, values.shape[2], side="y", most=12)
    shown = [first_of(len(flat[k]), len(rows[k]), k) for k in rows]
    title = ", ".join(shown) + missing_mark(flat.values())
    figure.suptitle(title, fontsize=TITLE)
    figure.supxlabel("position in the event (index)", fontsize=LABEL)
    assert image is not None
    add_colour_bar(figure, image, grid, "value (data units)", flat.values())
    return figure
