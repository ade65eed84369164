"""What the model generates, against the data where it is given."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaex.figures._arrays import as_examples, check_columns, to_float
from vaex.figures._image_grids import draw_image_grids
from vaex.figures._images import grid_shape, is_image, mosaic, to_rgb
from vaex.figures._marginals import draw_marginals
from vaex.figures._pictures import draw_canvas
from vaex.figures._sequences import draw_sequences
from vaex.figures._style import TITLE


def draw_samples(
    samples: np.ndarray,
    *,
    data: np.ndarray | None = None,
    limits: tuple[float, float] | None = None,
    columns: Sequence[str] = (),
    name: str = "samples",
) -> Figure:
    """Samples of the model, drawn as the event's shape asks for.

    Images (H, W), (H, W, 1) and (H, W, 3) fill a grid; scalars and vectors (d,)
    give a histogram per feature, samples against data; any other event, and a
    matrix with named columns, is a sequence and drawn as heat maps.

    Args:
      samples: [N, *E], data units.
      data: [M, *E], data units, or None.
      limits: values of black and white, for images only; None is the range of the
        data shown (of the samples, where there is none).
      columns: names of the features of a vector, scalar or sequence; () for none.
      name: what the samples of images are called in the title.

    Returns:
      The figure; it says how much of the arrays it shows.

    Raises:
      ValueError: if the events differ, an array is empty, or names do not fit.

    >>> figure = draw_samples(np.zeros((8, 3)), data=np.ones((5, 3)))
    >>> [axes.get_title() for axes in figure.axes]
    ['feature 0', 'feature 1', 'feature 2']
    """
    samples = as_examples("samples", samples)
    data = None if data is None else as_examples("data", data)
    _, *event = samples.shape
    if data is not None and data.shape[1:] != samples.shape[1:]:
        raise ValueError(
            f"data must have the event shape of samples, got {data.shape[1:]} for "
            f"samples of {samples.shape[1:]}; pass both in data units"
        )
    if is_image(event, columns):
        return draw_image_grids(samples, data, limits, name)
    columns = check_columns(columns, tuple(event))
    if len(event) > 1:
        known = {} if data is None else {"data examples": data}
        rows = {"samples": samples, **known}
        return draw_sequences(rows, list(rows)[-1], columns)
    table = None if data is None else to_float(data).reshape(len(data), -1)
    return draw_marginals(to_float(samples).reshape(len(samples), -1), table, columns)


def image_panel(
    axes: Axes, images: np.ndarray, limits: tuple[float, float], title: str
) -> None:
    """A square-ish grid of images on axes of another figure.

    Args:
      axes: where to draw.
      images: [N, H, W], [N, H, W, 1] or [N, H, W, 3], data units.
      limits: values of black and white.
      title: of the panel, literal text.

    >>> axes = Figure().subplots()
    >>> image_panel(axes, np.zeros((4, 8, 8)), (0, 1), "four")
    >>> axes.get_images()[0].get_size()
    (17, 17)
    """
    rows, columns = grid_shape(len(images))
    draw_canvas(axes, mosaic(to_rgb(to_float(images), limits), rows, columns), {})
    axes.set_title(title, fontsize=TITLE, parse_math=False)
