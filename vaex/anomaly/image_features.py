"""Histograms of oriented gradients: images for detectors that have no model."""

import numpy as np
from numpy.typing import ArrayLike

from vaex.errors import InputError


def oriented_gradients(
    images: ArrayLike, *, cell: int = 4, num_orientations: int = 9
) -> np.ndarray:
    """How much gradient of each orientation there is in each part of an image.

    Each pixel's gradient (central differences) votes with its length for the two
    nearest orientations, modulo half a turn, of the cell that it lies in; 2 x 2
    neighbouring cells make up a block, whose votes are divided by their Euclidean
    length. Contrast does not matter, small shifts hardly.

    Args:
      images: [N, H, W] intensities; sides that are no multiple of `cell` lose the rest.
      cell: pixels along a side of a cell.
      num_orientations: in half a turn.

    Returns:
      [N, (H / cell - 1) (W / cell - 1) 4 num_orientations] float64, each in [0, 1].

    Raises:
      InputError: if images are not [N, H, W] or smaller than two cells, or a number is
        below 1.

    Simpler than the paper's: a pixel votes in its own cell only, blocks are not
    weighted towards their middle, and votes are not clipped and divided once more.

    Source: Dalal, Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR
      2005, https://doi.org/10.1109/CVPR.2005.177.

    >>> image = np.tile(np.arange(8.0), (8, 1))  # brighter to the right: orientation 0
    >>> votes = oriented_gradients(image[None], num_orientations=2)
    >>> votes.reshape(4, 2).round(3).tolist()
    [[0.354, 0.354], [0.354, 0.354], [0.354, 0.354], [0.354, 0.354]]
    """
    pixels = np.asarray(images, np.float64)
    if pixels.ndim != 3:
        raise InputError(f"images must be [N, H, W], got {pixels.shape}")
    for name, value in (("cell", cell), ("num_orientations", num_orientations)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    rows, columns = (size // cell for size in pixels.shape[1:])
    if min(rows, columns) < 2:
        raise InputError(
            f"images must be two cells of {cell} pixels along each side at least, got "
            f"{pixels.shape[1:]}; give a smaller cell"
        )
    down, right = np.gradient(pixels, axis=(1, 2))
    length = np.hypot(down, right)
    # Orientation k is at the middle of its share of half a turn.
    place = np.arctan2(down, right) % np.pi / np.pi * num_orientations - 0.5
    below = np.floor(place)
    share = place - below
    cells = np.empty((len(pixels), rows, columns, num_orientations))
    for orientation in range(num_orientations):
        votes = length * (
            (1 - share) * (below % num_orientations == orientation)
            + share * ((below + 1) % num_orientations == orientation)
        )
        votes = votes[:, : rows * cell, : columns * cell]
        parts = votes.reshape(len(pixels), rows, cell, columns, cell)
        cells[..., orientation] = parts.sum((2, 4))
    blocks = np.concatenate(
        [
            cells[:, i : rows - 1 + i, j : columns - 1 + j]
            for i in range(2)
            for j in range(2)
        ],
        axis=-1,
    )
    size = np.linalg.norm(blocks, axis=-1, keepdims=True)
    return (blocks / np.maximum(size, 1e-12)).reshape(len(pixels), -1)
