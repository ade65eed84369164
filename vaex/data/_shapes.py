"""Shapes as signed distances to their edge: negative inside, in units of their size.

Every function takes coordinates x to the right and y up, of one shape each.
"""

import numpy as np

_DIAGONAL = np.sqrt(0.5)


def _box(x: np.ndarray, y: np.ndarray, half: float) -> np.ndarray:
    dx, dy = np.abs(x) - half, np.abs(y) - half
    outside = np.hypot(np.maximum(dx, 0.0), np.maximum(dy, 0.0))
    return outside + np.minimum(np.maximum(dx, dy), 0.0)


def square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A square of half-side 0.9."""
    return _box(x, y, 0.9)


def ellipse(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """An ellipse of half-axes 1.25 and 0.7.

    The distance is that to first order: right near the edge, where it matters.
    """
    a, b = 1.25, 0.7
    level = np.hypot(x / a, y / b)
    slope = np.hypot(x / a**2, y / b**2)
    return np.where(
        slope > 0, level * (level - 1.0) / np.where(slope > 0, slope, 1), -b
    )


def heart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A square on its corner, with a disc on each of its upper sides."""
    half = 0.62
    tip = _box((x + y) * _DIAGONAL, (y - x) * _DIAGONAL, half)
    centre = half * _DIAGONAL
    disc = np.hypot(np.abs(x) - centre, y - centre) - half
    return np.minimum(tip, disc)


SHAPES = {"square": square, "ellipse": ellipse, "heart": heart}
