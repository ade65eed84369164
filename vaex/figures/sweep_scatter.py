"""A metric against each of several keys: the runs of a random or guided search."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._curves import robust_limits
from vaex.figures._key_axis import scale_key_axis
from vaex.figures._style import BLUE, VERMILION, dress, new_figure
from vaex.figures._words import plain


class SearchedKey(NamedTuple):
    """A key and its value in each run.

    Attributes:
      name: of the key.
      values: [N] numbers, or names of options.
    """

    name: str
    values: Sequence[float] | Sequence[str]


def draw_sweep_scatter(
    keys: Sequence[SearchedKey], values: np.ndarray, *, metric: str, best: int
) -> Figure:
    """A panel for each key, a dot for each run, the best run marked.

    Args:
      keys: at least one.
      values: [N] the metric, finite.
      metric: its name with its unit.
      best: which of the N runs is marked.

    Returns:
      The figure.

    >>> key = SearchedKey("beta", [0.1, 1.0, 10.0])
    >>> figure = draw_sweep_scatter([key], np.arange(3.0), metric="ELBO", best=2)
    >>> figure.axes[0].get_xscale()
    'log'
    """
    across = min(len(keys), 3)
    down = -(-len(keys) // across)
    figure = new_figure(0.8 + 3.0 * across, 0.4 + 2.7 * down)
    panels = figure.subplots(down, across, sharey=True, squeeze=False)
    limits = robust_limits([np.sort(values)]) if len(values) > 8 else None
    for index, (axes, key) in enumerate(zip(panels.flat, keys, strict=False)):
        if all(isinstance(value, str) for value in key.values):
            names = list(dict.fromkeys(str(value) for value in key.values))
            x = np.array([names.index(str(value)) for value in key.values], float)
            axes.set_xticks(range(len(names)), [plain(n, 14) for n in names])
            axes.set_xlim(-0.5, len(names) - 0.5)
        else:
            x = np.asarray(key.values, dtype=np.float64)
            scale_key_axis(axes, x, 2.4)
        axes.plot(x, values, "o", color=BLUE, ms=5, alpha=0.6, mew=0)
        axes.plot(x[best], values[best], "D", color=VERMILION, ms=7, mew=0)
        if limits is not None:
            axes.set_ylim(*limits)
        dress(axes, x=key.name, y=metric * (index % across == 0))
    for axes in panels.flat[len(keys) :]:
        axes.set_axis_off()
    return figure
