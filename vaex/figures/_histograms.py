"""Histograms of one set of values against another, in bins that both share."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from vaex.figures._arrays import finite_range
from vaex.figures._style import BLUE, note

MOST_BINS, MOST_LEVELS = 40, 32


def bin_edges(values: np.ndarray, data: np.ndarray | None = None) -> np.ndarray:
    """Bins over the bulk of the values and of the data.

    Whole numbers over a short range get one bin each. Else the bins span the
    central 99 % of both, at most one width of the data beyond its ends, so that
    wild samples do not squeeze everything into one bin.

    Args:
      values: [N] finite, any unit.
      data: [M] finite, the same unit.

    Returns:
      [bins + 1] increasing edges, in the unit of the values.

    >>> bin_edges(np.array([0.0, 1.0, 2.0])).tolist()
    [-0.5, 0.5, 1.5, 2.5]
    """
    parts = [values] if data is None else [values, data]
    both = np.concatenate(parts)
    low, high = finite_range(both)
    if np.all(both == np.round(both)) and high - low < MOST_LEVELS:
        return np.arange(np.ceil(low), np.floor(high) + 2) - 0.5
    low, high = first, last = finite_range(values, tail=0.005)
    if data is not None and data.size:
        first, last = finite_range(data, tail=0.005)
        low = min(first, max(low, 2 * first - last))
        high = max(last, min(high, 2 * last - first))
    bins = np.clip(np.sqrt(min(part.size for part in parts)), 8, MOST_BINS)
    bins = int(np.ceil(bins * (high - low) / (last - first)))
    return np.linspace(low, high, bins + 1)


def density(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Share of all values per bin and unit; what lies outside counts as outside.

    Args:
      values: [N] finite.
      edges: [bins + 1].

    Returns:
      [bins] in 1 / unit of the values; integrates to the share inside.

    >>> density(np.array([0.0, 0.0, 1.0, 9.0]), np.array([-0.5, 0.5, 1.5])).tolist()
    [0.5, 0.25]
    """
    counts, _ = np.histogram(values, edges)
    return counts / (max(values.size, 1) * np.diff(edges))


def draw_marginal(
    axes: Axes,
    values: np.ndarray,
    data: np.ndarray | None = None,
    *,
    labels: tuple[str, str] = ("samples", "data"),
) -> None:
    """Density of one feature: values as a line, data as a grey area behind it.

    Args:
      axes: where to draw.
      values: [N], NaN is left out.
      data: [M], NaN is left out.
      labels: what to call the values and the data.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_marginal(axes, np.arange(4.0), np.arange(3.0))
    >>> [patch.get_label() for patch in axes.patches]
    ['data', 'samples']
    """
    values = values[np.isfinite(values)]
    data = None if data is None else data[np.isfinite(data)]
    edges = bin_edges(values, data)
    if data is not None:
        area = density(data, edges)
        axes.stairs(area, edges, fill=True, color="#C8C8C8", label=labels[1])
    ticks = {"steps": [1, 2, 5, 10], "integer": bool(np.all(edges % 1 == 0.5))}
    axes.xaxis.set_major_locator(MaxNLocator(4, min_n_ticks=1, **ticks))
    axes.stairs(density(values, edges), edges, color=BLUE, lw=1.4, label=labels[0])
    outside = np.sum((values < edges[0]) | (values > edges[-1])) / max(values.size, 1)
    if outside > 0.01:
        axes.set_ylim(top=1.3 * axes.get_ylim()[1])  # room for the remark
        note(axes, f"{100 * outside:.0f} % of {labels[0]} outside")
