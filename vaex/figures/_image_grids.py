"""Square-ish grids of images, samples beside data."""

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._arrays import to_float
from vaex.figures._images import grid_shape, mosaic, to_rgb
from vaex.figures._pictures import draw_canvas, pixel_limits, pixel_unit, tile_size
from vaex.figures._style import TITLE, new_figure
from vaex.figures._words import first_of

MOST_IMAGES = 64


def draw_image_grids(
    samples: np.ndarray,
    data: np.ndarray | None = None,
    limits: tuple[float, float] | None = None,
    name: str = "samples",
) -> Figure:
    """A grid of samples, and a grid of data beside it where there is any.

    Args:
      samples: [N, H, W], [N, H, W, 1] or [N, H, W, 3], data units.
      data: [M, H, W, ...], the same event, or None.
      limits: values of black and white; None for the range of the last grid.
      name: title of the samples, after their number.

    Returns:
      One pair of axes per grid, at most 64 images each.

    >>> len(draw_image_grids(np.zeros((9, 4, 4)), np.zeros((5, 4, 4))).axes)
    2
    """
    arrays = {name: samples, **({} if data is None else {"data examples": data})}
    grids = {name: to_float(array[:MOST_IMAGES]) for name, array in arrays.items()}
    limits = pixel_limits(limits, list(grids.values())[-1])
    rows, columns = grid_shape(max(len(images) for images in grids.values()))
    _, height, width = samples.shape[:3]
    wide, tall = (0.7 * side for side in tile_size(height, width, columns))
    size = max(columns * wide + 0.2, 3.0) * len(grids), rows * tall + 0.7
    figure = new_figure(*size)
    panels = figure.subplots(1, len(grids), squeeze=False)[0]
    for axes, (name, images) in zip(panels, grids.items(), strict=True):
        draw_canvas(axes, mosaic(to_rgb(images, limits), rows, columns), {})
        title = first_of(len(images), len(arrays[name]), name)
        axes.set_title(title, fontsize=TITLE)
    figure.suptitle(pixel_unit(limits, *grids.values()), fontsize=TITLE)
    return figure
