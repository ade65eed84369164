"""The same model with different parts: reconstructions, samples and scales."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._images import mosaic, to_rgb
from vaex.figures._pictures import draw_canvas, pixel_unit
from vaex.figures._style import BLUE, SMALL, VERMILION, dress, new_figure


class ComparedModel(NamedTuple):
    """What one model makes of the same images, in data units.

    Attributes:
      name: of the model.
      reconstructions: [N, H, W], E[x|z].
      samples: [N, H, W], draws x ~ p(x).
      stated_sd: root mean variance of p(x|z), over held-out images and pixels.
      residual_sd: root mean square of x - E[x|z] on the same.
    """

    name: str
    reconstructions: np.ndarray
    samples: np.ndarray
    stated_sd: float
    residual_sd: float


def draw_comparison(
    originals: np.ndarray, models: Sequence[ComparedModel], limits: tuple[float, float]
) -> Figure:
    """A row for each model: images, and how well it knows its own error.

    A calibrated model states the standard deviation that its residuals have.

    Args:
      originals: [N, H, W], data units.
      models: at least one.
      limits: values of black and white.

    Returns:
      The figure.

    >>> x = np.zeros((2, 4, 4))
    >>> model = ComparedModel("a", x, x, 1.0, 1.5)
    >>> draw_comparison(x, [model], (0.0, 1.0)).axes[0].get_title()
    'E[x|z] of held-out images'
    """
    count, height, width = originals.shape
    tile = 4.8 * height / width / count
    figure = new_figure(13.0, 0.6 + tile * (len(models) + 1))
    left, middle, right = figure.subplots(1, 3, width_ratios=(4, 4, 2.2))
    rows = [originals, *(model.reconstructions for model in models)]
    names = ["original", *(model.name for model in models)]
    _draw_rows(left, rows, names, limits)
    dress(left, title="E[x|z] of held-out images")
    left.spines[:].set_visible(False)
    blank = np.full_like(originals, limits[1])
    _draw_rows(middle, [blank, *(model.samples for model in models)], [], limits)
    dress(middle, title=f"samples x ~ p(x); {pixel_unit(limits, originals)}")
    middle.spines[:].set_visible(False)
    places = np.arange(1, len(models) + 1)
    for shift, colour, label, values in (
        (-0.18, BLUE, "stated by p(x|z)", [m.stated_sd for m in models]),
        (0.18, VERMILION, "of the residuals", [m.residual_sd for m in models]),
    ):
        right.barh(places + shift, values, 0.34, color=colour, label=label)
    right.set_yticks([])
    right.set_ylim(len(models) + 0.5, -0.5)
    dress(right, title="standard deviation (data units)")
    right.legend(fontsize=SMALL, frameon=False, loc="upper right")
    return figure


def _draw_rows(axes, rows: Sequence[np.ndarray], names: Sequence[str], limits) -> None:
    count, height, _ = rows[0].shape
    canvas = mosaic(to_rgb(np.concatenate(rows), limits), len(rows), count)
    step = height + 1
    places = {name: height / 2 + step * i for i, name in enumerate(names)}
    draw_canvas(axes, canvas, places)
