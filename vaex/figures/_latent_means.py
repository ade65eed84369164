"""Posterior means of any latent dimension: a histogram, a plane, or two components."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from vaex.figures._classes import groups
from vaex.figures._histograms import bin_edges
from vaex.figures._latent_points import draw_points
from vaex.figures._principal import principal_components
from vaex.figures._style import SMALL, dress


def draw_means(axes: Axes, means: np.ndarray, labels: np.ndarray | None) -> None:
    """Draw L = 1 as histograms, L = 2 as it is, L > 2 by principal components.

    Args:
      axes: where to draw.
      means: [N, L] finite.
      labels: [N] integers, or None.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_means(axes, np.eye(3)[:2], None)
    >>> axes.get_xlabel()
    'principal component 1 (latent units, 100 % of variance)'
    """
    if means.shape[1] == 1:
        draw_line(axes, means[:, 0], labels)
        dress(axes, x="latent dimension 0 (latent units)", y="examples per bin")
    elif means.shape[1] == 2:
        draw_points(axes, means, labels)
        text = "latent dimension {} (latent units)"
        dress(axes, x=text.format(0), y=text.format(1))
    else:
        points, share = principal_components(means)
        draw_points(axes, points, labels)
        text = "principal component {} (latent units, {:.0f} % of variance)"
        dress(axes, x=text.format(1, 100 * share[0]), y=text.format(2, 100 * share[1]))


def draw_line(axes: Axes, values: np.ndarray, labels: np.ndarray | None) -> None:
    """Histograms of one latent dimension, an outline per class.

    Args:
      axes: where to draw.
      values: [N] finite.
      labels: [N] integers, or None; more than 12 classes are drawn as one.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_line(axes, np.arange(4.0), np.array([0, 0, 7, 7]))
    >>> [patch.get_label() for patch in axes.patches]
    ['0', '7']
    """
    classes = groups(labels, len(values)) or groups(None, len(values)) or []
    edges = bin_edges(values)
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    for name, colour, chosen in classes:
        counts, _ = np.histogram(values[chosen], edges)
        axes.stairs(counts, edges, color=colour, lw=1.6, label=name)
    if len(classes) > 1 or classes[0].name:
        axes.legend(title="label", fontsize=SMALL, title_fontsize=SMALL, frameon=False)
