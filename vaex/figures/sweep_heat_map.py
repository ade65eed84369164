"""A metric against two swept keys: a heat map with its numbers written in."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from vaex.figures._heat_maps import COLOURS, add_colour_bar
from vaex.figures._style import LABEL, SMALL, dress, new_figure
from vaex.figures._sweep_limits import better_half_limits
from vaex.figures._words import number, plain

DARK, LIGHT = "#101010", "#FFFFFF"


class SweepGrid(NamedTuple):
    """Means of a metric over the values of two keys.

    Attributes:
      means: [R, C], NaN where there is none.
      errors: [R, C] standard errors, NaN where there is none.
      title: values of further keys, "" where there are none.
    """

    means: np.ndarray
    errors: np.ndarray
    title: str = ""


def draw_sweep_grids(
    grids: Sequence[SweepGrid],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    row_name: str,
    column_name: str,
    metric: str,
    lower_is_better: bool = False,
) -> Figure:
    """A panel for each grid, one colour scale, the best cell framed.

    The scale begins where it still shows differences among the better half; cells
    beyond its end have the colour of the end, and the colour bar is pointed there.

    Args:
      grids: at least one.
      rows: [R] values of the first key.
      columns: [C] values of the second key.
      row_name: the first key.
      column_name: the second key.
      metric: its name with its unit.
      lower_is_better: whether the best value is the lowest.

    Returns:
      The figure.

    >>> grid = SweepGrid(np.array([[-3.0, -2.0]]), np.full((1, 2), np.nan))
    >>> figure = draw_sweep_grids([grid], ["1"], ["a", "b"], row_name="beta",
    ...     column_name="head", metric="ELBO (nats per example)")
    >>> figure.axes[0].get_xlabel()
    'head'
    """
    across = min(len(grids), 3)
    down = -(-len(grids) // across)
    width = 1.6 + max(1.05 * len(columns), 2.4) * across
    height = 0.9 + down * (0.5 + max(0.62 * len(rows), 1.4))
    figure = new_figure(width, height)
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    every = np.stack([grid.means for grid in grids])
    known = every[np.isfinite(every)]
    limits = better_half_limits(known, lower_is_better=lower_is_better)
    best = _best(every, lower_is_better)
    colours = COLOURS.reversed() if lower_is_better else COLOURS
    colours = colours.with_extremes(bad="#C8C8C8")
    image = None
    for index, (axes, grid) in enumerate(zip(panels.flat, grids, strict=False)):
        image = axes.imshow(
            grid.means, colours, aspect="auto", vmin=limits[0], vmax=limits[1]
        )
        _write(axes, grid, image)
        if best is not None and best[0] == index:
            corner = (best[2] - 0.5, best[1] - 0.5)
            axes.add_patch(
                Rectangle(corner, 1, 1, fill=False, ec="#D55E00", lw=2.5, zorder=3)
            )
        for axis, names in ((axes.xaxis, columns), (axes.yaxis, rows)):
            axis.set_ticks(range(len(names)), [plain(n) for n in names])
        bottom = index + across >= len(grids)
        x, y = column_name * bottom, row_name * (index % across == 0)
        dress(axes, title=plain(grid.title, 40), x=x, y=y)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    for axes in panels.flat[len(grids) :]:
        axes.set_axis_off()
    if image is not None:
        add_colour_bar(figure, image, panels, metric, [known])
    return figure


def _write(axes: Axes, grid: SweepGrid, image) -> None:
    known = grid.errors[np.isfinite(grid.errors) & (grid.errors > 0)]
    scale = float(np.median(known)) if known.size else None
    places = 2 if scale is None else int(np.clip(1 - np.floor(np.log10(scale)), 0, 4))
    for row, column in np.ndindex(*grid.means.shape):
        mean, error = grid.means[row, column], grid.errors[row, column]
        if not np.isfinite(mean):
            continue
        red, green, blue, _ = image.cmap(image.norm(mean))
        is_light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.55
        ink = DARK if is_light else LIGHT
        has_error = bool(np.isfinite(error))
        put: dict[str, Any] = {"ha": "center", "color": ink}
        text = _written(mean, places)
        high = row - 0.12 if has_error else row
        axes.text(column, high, text, va="center", fontsize=LABEL, **put)
        if has_error:
            text = f"± {_written(error, places)}"
            axes.text(column, row + 0.22, text, va="center", fontsize=SMALL - 1, **put)


def _written(value: Any, places: int) -> str:
    """A number that fits into a cell."""
    return number(float(value), ".2g" if abs(value) >= 1e5 else f".{places}f")


def _best(every: np.ndarray, lower_is_better: bool) -> tuple[int, ...] | None:
    if not np.isfinite(every).any():
        return None
    flat = np.nanargmin(every) if lower_is_better else np.nanargmax(every)
    return tuple(int(i) for i in np.unravel_index(flat, every.shape))
