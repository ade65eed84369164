"""Posterior means as points on a plane, coloured by class."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from vaex.figures._classes import Group, groups
from vaex.figures._style import LABEL, SMALL

MOST_POINTS = 20000


def draw_points(axes: Axes, points: np.ndarray, labels: np.ndarray | None) -> None:
    """A scatter in the order given; up to 12 classes get a name at their median.

    Of more than 20 000 points every k-th is drawn.

    Args:
      axes: where to draw.
      points: [N, 2] finite.
      labels: [N] integers, or None.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_points(axes, np.zeros((4, 2)), np.array([0, 0, 7, 7]))
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['0', '7']
    """
    classes = groups(labels, len(points))
    step = -(-len(points) // MOST_POINTS)
    size = float(np.clip(15000 / len(points), 4, 20))
    style = {"s": size, "lw": 0, "alpha": 0.7}
    x, y = points[::step].T
    axes.set_aspect("equal", adjustable="datalim")
    if classes is None:
        dots = axes.scatter(x, y, c=np.asarray(labels)[::step], cmap="viridis", **style)
        bar = axes.figure.colorbar(dots, ax=axes, aspect=30, pad=0.02)
        bar.set_label("label (class index)", fontsize=LABEL)
        bar.ax.tick_params(labelsize=SMALL)
        return
    colours = np.empty(len(points), dtype=object)
    for group in classes:
        colours[group.chosen] = group.colour
    axes.scatter(x, y, c=list(colours[::step]), **style)
    if labels is None:
        return
    name_classes(axes, points, classes)
    marks = [
        Line2D([], [], ls="", marker="o", color=group.colour, label=group.name)
        for group in classes
    ]
    axes.legend(
        handles=marks,
        title="label",
        loc="center left",
        bbox_to_anchor=(1, 0.5),
        fontsize=SMALL,
        title_fontsize=SMALL,
        frameon=False,
    )


def name_classes(axes: Axes, points: np.ndarray, classes: Sequence[Group]) -> None:
    """Write each class's name at its median, where it hides no other name.

    Classes of fewer than ten examples are left to the legend.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> name_classes(axes, np.eye(20)[:, :2], [Group("7", "k", np.ones(20, bool))])
    >>> axes.texts[0].get_text()
    '7'
    """
    outline = [withStroke(linewidth=3, foreground="white")]
    distance = 0.04 * np.ptp(points, axis=0).max()
    taken: list[np.ndarray] = []
    for name, _, chosen in classes:
        middle = np.median(points[chosen], axis=0)
        near = any(np.linalg.norm(middle - other) < distance for other in taken)
        if near or chosen.sum() < 10:
            continue
        taken.append(middle)
        axes.text(
            float(middle[0]),
            float(middle[1]),
            name,
            ha="center",
            va="center",
            fontsize=12,
            weight="bold",
            path_effects=outline,
        )
