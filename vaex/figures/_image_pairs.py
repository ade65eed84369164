"""Original images above their reconstructions."""

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._arrays import to_float
from vaex.figures._images import GAP, mosaic, to_rgb
from vaex.figures._pictures import draw_canvas, pixel_limits, pixel_unit, tile_size
from vaex.figures._style import TITLE, new_figure
from vaex.figures._words import first_of

MOST_IMAGES, MOST_COLUMNS = 16, 8


def draw_image_pairs(
    originals: np.ndarray,
    reconstructions: np.ndarray,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Bands of up to eight originals, each above its reconstruction.

    Args:
      originals: [N, H, W], [N, H, W, 1] or [N, H, W, 3], data units.
      reconstructions: the same shape and units.
      limits: values of black and white; None for the range of the originals shown.

    Returns:
      One pair of axes per band, at most 16 images in all.

    >>> images = np.zeros((9, 4, 4))
    >>> len(draw_image_pairs(images, images).axes)
    2
    """
    total, count = len(originals), min(len(originals), MOST_IMAGES)
    originals = to_float(originals[:count])
    reconstructions = to_float(reconstructions[:count])
    limits = pixel_limits(limits, originals)
    columns = min(count, MOST_COLUMNS)
    bands = -(-count // columns)
    _, height, width = originals.shape[:3]
    tiles = np.full((2, bands * columns, height, width, 3), GAP)
    tiles[0, :count] = to_rgb(originals, limits)
    tiles[1, :count] = to_rgb(reconstructions, limits)
    wide, tall = tile_size(height, width, columns)
    figure = new_figure(max(1.3 + wide * columns, 4.2), 0.4 + bands * (2 * tall + 0.15))
    rows = {"original": (height - 1) / 2, "reconstruction": 1.5 * height + 0.5}
    for band, axes in enumerate(figure.subplots(bands, 1, squeeze=False)[:, 0]):
        chosen = tiles[:, band * columns : (band + 1) * columns]
        canvas = mosaic(chosen.reshape(-1, *chosen.shape[2:]), 2, columns)
        draw_canvas(axes, canvas, rows)
    unit = pixel_unit(limits, originals, reconstructions)
    figure.suptitle(f"{first_of(count, total)}; {unit}", fontsize=TITLE)
    return figure
