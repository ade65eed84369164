"""Originals beside their reconstructions, drawn as the event's shape asks for."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._arrays import as_examples, check_columns, to_float
from vaex.figures._image_pairs import draw_image_pairs
from vaex.figures._images import is_image
from vaex.figures._sequences import draw_sequences
from vaex.figures._vector_pairs import draw_scalar_pairs, draw_vector_pairs


def draw_reconstructions(
    originals: np.ndarray,
    reconstructions: np.ndarray,
    *,
    limits: tuple[float, float] | None = None,
    columns: Sequence[str] = (),
) -> Figure:
    """Examples and what the model makes of them, in data units.

    Images (H, W), (H, W, 1) and (H, W, 3) stand in pairs, the original above. Of
    vectors (d,) two heat maps and a scatter of all values are drawn, of scalars
    histograms and the scatter. Any other event, and a matrix with named columns,
    is a sequence and drawn as heat maps.

    Args:
      originals: [N, *E], data units; NaN is missing.
      reconstructions: [N, *E], data units.
      limits: values of black and white, for images only; None is the range of the
        originals shown.
      columns: names of the features of a vector, scalar or sequence; () for none.

    Returns:
      The figure; it says how many of the N examples it shows.

    Raises:
      ValueError: if the shapes differ, an array is empty, or names do not fit.

    >>> x = np.zeros((3, 2))
    >>> axes = draw_reconstructions(x, x, columns=["age", "height"]).axes
    >>> [panel.get_title() for panel in axes[:3]]
    ['original', 'reconstruction', 'values of 3 examples']
    """
    originals = as_examples("originals", originals)
    reconstructions = as_examples("reconstructions", reconstructions)
    if originals.shape != reconstructions.shape:
        raise ValueError(
            f"reconstructions must have the shape of originals, got "
            f"{reconstructions.shape} for originals of shape {originals.shape}; pass "
            "one reconstruction per original"
        )
    count, *event = originals.shape
    if is_image(event, columns):
        return draw_image_pairs(originals, reconstructions, limits)
    columns = check_columns(columns, tuple(event))
    if len(event) > 1:
        rows = {"originals": originals, "reconstructions": reconstructions}
        return draw_sequences(rows, "originals", columns)
    x, y = to_float(originals), to_float(reconstructions)
    if x.size == count:
        return draw_scalar_pairs(x.ravel(), y.ravel(), columns)
    return draw_vector_pairs(x, y, columns)
