"""Square-ish grids of images, samples beside data."""

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._images import grid_shape, mosaic, to_rgb
from vaex.figures._pictures import draw_canvas, pixel_unit, tile_size
from vaex.figures._style import TITLE, new_figure
from vaex.figures._words import first_of

MOST_IMAGES = 64


def draw_image_grids(
    samples: np.ndarray, data: np.ndarray | None, limits: tuple[float, float]
) -> Figure:
    """A grid of samples; data of the same number, where there is any, beside it.

    Args:
      samples: [N, H, W], [N, H, W, 1] or [N, H, W, 3], data units.
      data: [M, H, W, ...], the same event, or None.
      limits: values of black and white.

    Returns:
      One pair of axes per grid, at most 64 images each.

    >>> len(draw_image_grids(np.zeros((9, 4, 4)), np.zeros((5, 4, 4)), (0, 1)).axes)
    2
    """
    grids = (
        {"samples": samples}
        if data is None
        else {"samples": samples, "data examples": data}
    )
    shown = min(MOST_IMAGES, max(len(images) for images in grids.values()))
    rows, columns = grid_shape(shown)
    _, height, width = samples.shape[:3]
    wide, tall = tile_size(height, width, columns)
    wide, tall = 0.7 * wide, 0.7 * tall
    figure = new_figure(max(columns * wide + 0.2, 3.0) * len(grids), rows * tall + 0.7)
    panels = figure.subplots(1, len(grids), squeeze=False)[0]
    for axes, (name, images) in zip(panels, grids.items(), strict=True):
        canvas = mosaic(to_rgb(images[:shown], limits), rows, columns)
        draw_canvas(axes, canvas, {})
        title = first_of(min(shown, len(images)), len(images), name)
        axes.set_title(title, fontsize=TITLE)
    drawn = [images[:shown] for images in grids.values()]
    figure.suptitle(pixel_unit(limits, *drawn), fontsize=TITLE)
    return figure
