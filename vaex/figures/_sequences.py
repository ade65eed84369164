"""Sequences [T, D] side by side as heat maps."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._arrays import finite_range, to_float
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
    rows: Mapping[str, np.ndarray], reference: str, columns: Sequence[str] = ()
) -> Figure:
    """A grid of heat maps: one row per entry, one column per example.

    Position runs to the right and features downwards; events of a higher rank
    have their later axes flattened into features.

    Args:
      rows: label -> [N, T, ...], data units; N may differ, the rest may not.
      reference: the label whose central 99 % of values spans the colour scale.
      columns: a name per feature, or none.

    Returns:
      The figure, with one colour bar.

    >>> figure = draw_sequences({"samples": np.zeros((2, 5, 3))}, "samples")
    >>> len(figure.axes)  # two maps and the colour bar
    3
    """
    features = int(np.prod(rows[reference].shape[2:]))
    flat = {
        label: to_float(values[:MOST_EXAMPLES]).reshape(-1, values.shape[1], features)
        for label, values in rows.items()
    }
    limits = finite_range(flat[reference], tail=0.005)
    width = max(len(values) for values in flat.values())
    figure = new_figure(2.2 + 1.9 * width, 0.9 + 1.7 * len(flat))
    grid = figure.subplots(len(flat), width, sharex=True, sharey=True, squeeze=False)
    image = None
    for line, (label, values) in zip(grid, flat.items(), strict=True):
        for example, axes in enumerate(line):
            if example >= len(values):
                axes.set_axis_off()
                continue
            image = draw_matrix(axes, values[example].T, limits)
            dress(axes, y=label if example == 0 else "")
            label_features(axes, columns, values.shape[2], side="y", most=12)
    shown = [first_of(len(flat[k]), len(rows[k]), k) for k in rows]
    title = ", ".join(shown) + missing_mark(flat.values())
    figure.suptitle(title, fontsize=TITLE)
    figure.supxlabel("position in the event (index)", fontsize=LABEL)
    assert image is not None
    add_colour_bar(figure, image, grid, "value (data units)", flat.values())
    return figure
