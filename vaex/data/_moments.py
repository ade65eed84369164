"""Mean and standard deviation of every element over the rows, in blocks."""

from collections.abc import Iterator

import numpy as np

from vaex.data.telling import told

_BLOCK = 1 << 20  # elements that are float64 at a time: 8 MB


def moments(x: np.ndarray, mask: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """Mean and standard deviation over the observed rows.

    Args:
      x: [N, *E] of any numeric type; it is never copied to float as a whole.
      mask: [N, *E], True where observed; None if everything is.

    Returns:
      mean, std: [*E] float32; 0 and 0 for an element that is never observed.

    Numerics: float64, in two passes, relative to the first observed value: a
      constant element has a standard deviation of exactly 0.
    """
    if mask is None:
        first, count = x[0].astype(np.float64), np.float64(len(x))
    else:
        index = np.argmax(mask, axis=0)[None]
        count = np.count_nonzero(mask, axis=0).astype(np.float64)
        first = np.take_along_axis(x, index, axis=0)[0].astype(np.float64)
        first, count = np.where(count > 0, first, 0), np.maximum(count, 1)
    offset = sum(block.sum(0) for block in _centred(x, mask, first)) / count
    centre = first + offset
    square = sum((block**2).sum(0) for block in _centred(x, mask, first, offset))
    std = np.sqrt(square / count)
    return centre.astype(np.float32), std.astype(np.float32)


def _centred(
    x: np.ndarray, mask: np.ndarray | None, first: np.ndarray, offset: object = 0.0
) -> Iterator[np.ndarray]:
    """Blocks of (x - first) - offset, 0 where masked."""
    rows = max(1, _BLOCK // max(1, first.size))
    what = "computing means and standard deviations (two passes)"
    for start in told(range(0, len(x), rows), what):
        block = x[start : start + rows] - first - offset
        if mask is not None:
            block = np.where(mask[start : start + rows], block, 0)
        yield block
