"""Images on one canvas: which events are images, colours, mosaics with gaps."""

from collections.abc import Sequence

import numpy as np

GAP = 1.0  # white, between images
MISSING = (0.80, 0.47, 0.65)  # reddish purple: no grey image has it


def is_image(event_shape: Sequence[int], columns: Sequence[str] = ()) -> bool:
    """Whether events are drawn as pictures: (H, W, 1), (H, W, 3) or (H, W).

    A matrix with named columns, or one more than four times as long as it is
    wide, is a sequence of vectors and not a picture.

    >>> is_image((28, 28)), is_image((28, 28, 3)), is_image((100, 2)), is_image((9,))
    (True, True, False, False)
    """
    if len(event_shape) == 3:
        return event_shape[-1] in (1, 3)
    return (
        len(event_shape) == 2
        and not columns
        and max(event_shape) <= 4 * min(event_shape)
    )


def to_rgb(images: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Pixels between black (limits[0]) and white (limits[1]), clipped.

    Args:
      images: [N, H, W], [N, H, W, 1] or [N, H, W, 3], data units; NaN is missing.
      limits: the data values of black and white.

    Returns:
      [N, H, W, 3] in [0, 1]; missing pixels are reddish purple.

    >>> to_rgb(np.array([[[0.0, 5.0]]]), (0, 10))[0, 0].tolist()
    [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]
    """
    low, high = limits
    pixels = images[..., None] if images.ndim == 3 else images
    pixels = np.clip((pixels - low) / (high - low), 0.0, 1.0)
    pixels = np.broadcast_to(pixels, (*pixels.shape[:3], 3))
    missing = np.isnan(pixels).any(axis=-1, keepdims=True)
    return np.where(missing, MISSING, pixels)


def grid_shape(count: int, most_columns: int | None = None) -> tuple[int, int]:
    """Rows and columns of a square-ish grid for `count` tiles.

    >>> grid_shape(64), grid_shape(10), grid_shape(1), grid_shape(20, 8)
    ((8, 8), (3, 4), (1, 1), (3, 8))
    """
    columns = int(np.ceil(np.sqrt(count)))
    if most_columns is not None:
        columns = min(count, most_columns)
    return -(-count // columns), columns


def mosaic(images: np.ndarray, rows: int, columns: int, gap: int = 1) -> np.ndarray:
    """Tile images row by row on one white canvas.

    Args:
      images: [N, H, W, 3] in [0, 1], N <= rows * columns.
      rows: tiles from top to bottom.
      columns: tiles from left to right.
      gap: white pixels between neighbours.

    Returns:
      [rows * (H + gap) - gap, columns * (W + gap) - gap, 3].

    >>> mosaic(np.zeros((3, 2, 2, 3)), 2, 2)[..., 0].astype(int).tolist()[0]
    [0, 0, 1, 0, 0]
    """
    count, height, width, _ = images.shape
    tiles = np.full((rows * columns, height + gap, width + gap, 3), GAP)
    tiles[:count, :height, :width] = images
    canvas = tiles.reshape(rows, columns, height + gap, width + gap, 3)
    canvas = canvas.swapaxes(1, 2).reshape(
        rows * (height + gap), columns * (width + gap), 3
    )
    return canvas[: rows * (height + gap) - gap, : columns * (width + gap) - gap]
