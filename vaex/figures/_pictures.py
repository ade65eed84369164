"""Rows of pictures on axes without ticks."""

import numpy as np
from matplotlib.axes import Axes

from vaex.figures._arrays import finite_range
from vaex.figures._style import SMALL
from vaex.figures._words import number

TILE, TALLEST = 0.9, 2.0  # inches: width of a tile, and the most of its height


def pixel_limits(
    limits: tuple[float, float] | None, images: np.ndarray
) -> tuple[float, float]:
    """Values of black and white: as given, else the range of the images.

    >>> pixel_limits(None, np.array([0.0, 3.0])), pixel_limits((0, 1), np.zeros(1))
    ((0.0, 3.0), (0, 1))
    """
    if limits is None:
        return finite_range(images)
    if not limits[0] < limits[1]:
        raise ValueError(
            f"limits must be (black, white) with black < white, got {limits}; pass "
            "limits=None for the range of the data"
        )
    return limits


def pixel_unit(limits: tuple[float, float], *images: np.ndarray) -> str:
    """What the grey levels mean, for a title.

    >>> pixel_unit((0, 1), np.zeros(1))
    'pixels 0 to 1 (data units)'
    """
    missing = any(np.isnan(image).any() for image in images)
    unit = f"pixels {number(limits[0])} to {number(limits[1])} (data units)"
    return unit + ("; purple: missing" if missing else "")


def tile_size(height: int, width: int, columns: int) -> tuple[float, float]:
    """Width and height of a tile in inches; few tiles are drawn larger.

    >>> tile_size(28, 28, 8), tile_size(28, 28, 1)
    ((0.9, 0.9), (2.0, 2.0))
    """
    wide = float(np.clip(8 * TILE / columns, TILE, TALLEST))
    wide = min(wide, TALLEST * width / height)
    return wide, wide * height / width


def draw_canvas(axes: Axes, canvas: np.ndarray, rows: dict[str, float]) -> None:
    """Show a mosaic; name its rows at the left.

    Args:
      axes: where to draw.
      canvas: [height, width, 3] in [0, 1].
      rows: name -> vertical position in pixels.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_canvas(axes, np.ones((4, 4, 3)), {"data": 1.5})
    >>> axes.get_yticklabels()[0].get_text()
    'data'
    """
    axes.imshow(canvas)
    axes.set_xticks([])
    axes.set_yticks(list(rows.values()), list(rows), fontsize=SMALL + 1)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
