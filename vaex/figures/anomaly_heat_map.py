"""Images, their reconstructions, and which pixels make them odd."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._arrays import as_examples, finite_range, to_float
from vaex.figures._images import to_rgb
from vaex.figures._pictures import pixel_limits, pixel_unit
from vaex.figures._style import LABEL, SMALL, TITLE, new_figure
from vaex.figures._words import number, plain

MOST = 8
"""Images drawn at most."""


def draw_anomaly_heat_maps(
    originals: np.ndarray,
    reconstructions: np.ndarray,
    attribution: np.ndarray,
    *,
    names: Sequence[str] = (),
    scores: np.ndarray | None = None,
    unit: str = "nats",
    limits: tuple[float, float] | None = None,
) -> Figure:
    """A column for each image: as it is, as the model has it, and pixel by pixel.

    One colour scale for the attribution of all images, up to a thousandth of the pixels
    at either end; above 0 (in nats) a pixel is less likely than density 1.

    Args:
      originals: [N, H, W], [N, H, W, 1] or [N, H, W, 3], data units.
      reconstructions: the same shape and units.
      attribution: [N, H, W], parts of the anomaly score, in `unit`; sums to it.
      names: one for each image, () for none.
      scores: [N], written above the images.
      unit: of attribution and scores.
      limits: values of black and white; None for the range of the originals shown.

    Returns:
      The figure, of eight images at most.

    Raises:
      ValueError: if the shapes do not fit.

    >>> x = np.zeros((2, 4, 4))
    >>> len(draw_anomaly_heat_maps(x, x, x).axes)
    7
    """
    originals = as_examples("originals", originals)
    _check(originals, reconstructions, attribution)
    count = min(len(originals), MOST)
    originals = to_float(originals[:count])
    reconstructions = to_float(np.asarray(reconstructions)[:count])
    parts = to_float(np.asarray(attribution)[:count])
    limits = pixel_limits(limits, originals)
    low, high = finite_range(parts, tail=0.001)
    figure = new_figure(max(1.2 + 1.15 * count, 4.0), 4.3)
    axes = figure.subplots(3, count, squeeze=False)
    pictures = [to_rgb(originals, limits), to_rgb(reconstructions, limits)]
    image = None
    for column in range(count):
        for row, picture in enumerate(pictures):
            axes[row, column].imshow(picture[column])
        image = axes[2, column].imshow(
            parts[column], "inferno", vmin=low, vmax=high, interpolation="none"
        )
        title = [plain(names[column], 12)] if len(names) else []
        if scores is not None:
            title.append(f"{number(float(scores[column]), '.4g')} {unit}")
        axes[0, column].set_title("\n".join(title), fontsize=SMALL, parse_math=False)
    for panel in axes.ravel():
        panel.set_xticks([])
        panel.set_yticks([])
    for row, name in enumerate(("image", "reconstruction", "attribution")):
        axes[row, 0].set_ylabel(name, fontsize=LABEL)
    assert image is not None
    beyond = bool((parts < low).any()), bool((parts > high).any())
    pointed = ["neither", "max", "min", "both"][2 * beyond[0] + beyond[1]]
    bar = figure.colorbar(image, ax=list(axes[2]), extend=pointed, pad=0.02)
    bar.set_label(f"{unit} per pixel", fontsize=LABEL, parse_math=False)
    bar.ax.tick_params(labelsize=SMALL)
    unit_of_pixels = pixel_unit(limits, originals, reconstructions)
    figure.suptitle(unit_of_pixels, fontsize=TITLE)
    return figure


def _check(
    originals: np.ndarray, reconstructions: np.ndarray, attribution: np.ndarray
) -> None:
    shape = originals.shape
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[-1] not in (1, 3)):
        raise ValueError(
            f"originals must be images [N, H, W], [N, H, W, 1] or [N, H, W, 3], got "
            f"shape {shape}"
        )
    if np.shape(reconstructions) != shape:
        raise ValueError(
            f"reconstructions must have the shape {shape} of originals, got "
            f"{np.shape(reconstructions)}"
        )
    if np.shape(attribution) != shape[:3]:
        raise ValueError(
            f"attribution must be {shape[:3]}, one number for each pixel, got "
            f"{np.shape(attribution)}"
        )
