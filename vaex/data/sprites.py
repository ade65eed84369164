"""Sprites: small shapes, drawn here, every factor of which is known."""

import functools
import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vaex.data._shapes import SHAPES
from vaex.data._split import checked_seed, shuffled_rows
from vaex.data.dataset import Dataset
from vaex.data.factors import Factors
from vaex.data.source import Source
from vaex.errors import InputError

NAMES = ("shape", "scale", "orientation", "x", "y")
SIZES = (len(SHAPES), 4, 8, 8, 8)
NUM_TEST = 1024

_SCALES = np.linspace(0.12, 0.2, SIZES[1])
_ANGLES = np.arange(SIZES[2]) * (np.pi / 2 / SIZES[2])
_PLACES = np.linspace(-0.2, 0.2, SIZES[3])
_BLOCK = 1 << 20  # pixels at a time


def factor_grid() -> np.ndarray:
    """All combinations of the factors' values, the last factor varying fastest.

    Returns:
      [6144, 5] int32: shape (square, ellipse, heart), scale (4), orientation (8), x
      (8), y (8).

    >>> factor_grid()[[0, 1, -1]].tolist()
    [[0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [2, 3, 7, 7, 7]]
    """
    return np.indices(SIZES, np.int32).reshape(len(SIZES), -1).T


def draw_shapes(factors: np.ndarray, size: int) -> np.ndarray:
    """Images of factor values, white on black, with smooth edges.

    Scales are 12 % to 20 % of the image's side; orientations eighths of a right angle,
    anticlockwise; x (to the right) and y (up) from -20 % to 20 % of the side off the
    middle. A right angle is what the square repeats itself after: so no two of the
    grid's images are equal, and every factor can be read off its image.

    Args:
      factors: [N, 5] integers, as `factor_grid`.
      size: pixels along a side.

    Returns:
      [N, size, size] uint8, levels 0 to 255: how much of a pixel is covered, taken as
      1/2 minus the distance of its middle from the edge, in pixels.

    Numerics: float64, rounded to 1e-6 of a level before it is rounded to levels, so
      that no last digit decides.

    >>> image = draw_shapes(np.array([[0, 3, 0, 4, 4]]), 8)[0]
    >>> image.shape, int(image[0, 0]), int(image[4, 4])
    ((8, 8), 0, 255)
    """
    middle = (np.arange(size) + 0.5) / size - 0.5
    images = np.empty((len(factors), size, size), np.uint8)
    step = max(1, _BLOCK // size**2)
    for start in range(0, len(factors), step):
        shape, scale, angle, x, y = factors[start : start + step].T[:, :, None, None]
        right = middle[None, None, :] - _PLACES[x]
        up = -middle[None, :, None] - _PLACES[y]
        cos, sin, side = np.cos(_ANGLES[angle]), np.sin(_ANGLES[angle]), _SCALES[scale]
        u, v = (cos * right + sin * up) / side, (cos * up - sin * right) / side
        distance = np.empty(u.shape)
        for number, edge in enumerate(SHAPES.values()):
            rows = shape[:, 0, 0] == number
            distance[rows] = edge(u[rows], v[rows])
        covered = np.clip(0.5 - distance * side * size, 0.0, 1.0)
        levels = np.floor(np.round(255.0 * covered, 6) + 0.5)
        images[start : start + step] = levels.astype(np.uint8)
    return images


@functools.lru_cache(2)
def _all(size: int) -> tuple[np.ndarray, str]:
    """The grid's images, not to be written to, and their digest."""
    images = draw_shapes(factor_grid(), size)
    images.setflags(write=False)
    return images, hashlib.sha256(images.tobytes()).hexdigest()


@dataclass(frozen=True)
class Sprites(Source):
    """Squares, ellipses and hearts: 5120 / 1024 grey images with exact factors.

    Every combination of shape (3), scale (4), orientation (8), x (8) and y (8) once,
    drawn by `draw_shapes`. `label` is the shape; the `Dataset` has all five in
    `factors`. In the manner of dSprites, and not its images: numbers are not comparable
    with published ones. dSprites turns its shapes by up to 360 degrees, where a square
    has four names for one image, and an ellipse two; here there is one.

    Attributes:
      size: pixels along a side, 8 to 64.
      seed: of the permutation that splits them, `RandomState(seed)`.

    Source: Matthey, Higgins, Hassabis, Lerchner, "dSprites: Disentanglement testing
      Sprites dataset", 2017, https://github.com/google-deepmind/dsprites-dataset (the
      idea; nothing of it is used).

    >>> data = Sprites().load()
    >>> data.splits["train"]["x"].shape, data.factors.names
    ((5120, 16, 16), ('shape', 'scale', 'orientation', 'x', 'y'))
    """

    name: ClassVar[str] = "sprites"
    about: ClassVar[str] = "shapes drawn here with exact factors, grey, 5120 / 1024"

    size: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        checked_seed(self.seed)
        whole = isinstance(self.size, int) and not isinstance(self.size, bool)
        if not whole or not 8 <= self.size <= 64:
            raise InputError(
                f"size must be an integer from 8 to 64 pixels, got {self.size!r}"
            )

    def fingerprints(self) -> tuple[str, ...]:
        """The digest of the images, which are drawn for it once."""
        return (_all(self.size)[1],)

    def load(self) -> Dataset:
        """Draws and splits them."""
        images, grid = _all(self.size)[0], factor_grid()
        parts = shuffled_rows(len(grid), NUM_TEST, self.seed)
        splits = {
            name: {"x": images[rows], "label": grid[rows, 0]}
            for name, rows in parts.items()
        }
        values = {name: grid[rows] for name, rows in parts.items()}
        factors = Factors(NAMES, SIZES, values)
        return Dataset(self.name, splits, 256, self.checksum(), factors=factors)
