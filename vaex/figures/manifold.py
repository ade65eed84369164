"""The decoder over a two-dimensional latent space."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtri

from vaex.figures._arrays import as_examples, to_float
from vaex.figures._images import is_image, mosaic, to_rgb
from vaex.figures._pictures import pixel_limits, pixel_unit
from vaex.figures._style import LABEL, SMALL, TITLE, new_figure
from vaex.figures._words import number

MOST_TICKS = 9


def _normal_quantiles(n: int) -> np.ndarray:
    """z_i = Phi^-1((i + 1/2) / n), so that every cell has the same prior mass.

    Returns:
      [n] increasing.

    >>> _normal_quantiles(3).round(2).tolist()
    [-0.97, 0.0, 0.97]
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}; pass the rows of the grid")
    return ndtri((np.arange(n) + 0.5) / n)


def latent_grid(n: int) -> np.ndarray:
    """Latents of the n x n manifold, laid out as `draw_manifold` shows them.

    Returns:
      [n, n, 2] (z_1, z_2); z_1 grows to the right, z_2 from the bottom to the top
      row.

    >>> latent_grid(2).round(2).tolist()
    [[[-0.67, 0.67], [0.67, 0.67]], [[-0.67, -0.67], [0.67, -0.67]]]
    """
    z = _normal_quantiles(n)
    return np.stack(np.meshgrid(z, z[::-1]), axis=-1)


def draw_manifold(
    images: np.ndarray,
    *,
    quantiles: np.ndarray | None = None,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Decoder means over a grid of latents: z_2 upwards, z_1 to the right.

    Args:
      images: [n, n, *E], E an image (H, W), (H, W, 1) or (H, W, 3), data units:
        the decoder's means at `latent_grid(n)`.
      quantiles: [n] increasing coordinates of the grid, latent units; None for
        those of `latent_grid`.
      limits: values of black and white; None is the range of the images.

    Returns:
      The figure, one pair of axes.

    Raises:
      ValueError: if the events are no images or the shapes do not fit.

    Source: Kingma and Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114 -- figure 4.

    >>> draw_manifold(np.zeros((3, 3, 8, 8))).axes[0].get_xlabel()
    'z_1 (latent units)'
    """
    images = to_float(as_examples("images", images))
    n, *rest = images.shape
    if not rest or rest[0] != n or not is_image(rest[1:]):
        raise ValueError(
            "images must be [n, n, H, W], [n, n, H, W, 1] or [n, n, H, W, 3], got "
            f"shape {images.shape}; for other events use draw_samples"
        )
    z = _normal_quantiles(n) if quantiles is None else np.asarray(quantiles, float)
    if z.shape != (n,) or not np.all(np.diff(z) > 0):
        raise ValueError(
            f"quantiles must be [{n}] increasing, got {z.tolist()}; pass the latent "
            "coordinate of each column"
        )
    limits = pixel_limits(limits, images)
    height, width = rest[1:3]
    size = 5.6 / max(height, width)
    figure = new_figure(size * width + 1.0, size * height + 1.0)
    axes = figure.subplots()
    manifold_panel(axes, images, quantiles=z, limits=limits)
    axes.set_title(f"decoder mean; {pixel_unit(limits, images)}", fontsize=TITLE)
    return figure


def manifold_panel(
    axes: Axes,
    images: np.ndarray,
    *,
    quantiles: np.ndarray | None = None,
    limits: tuple[float, float],
) -> None:
    """The manifold of `draw_manifold` on axes of another figure, without a title.

    Args:
      axes: where to draw.
      images: [n, n, *E], data units.
      quantiles: [n] coordinates; None for those of `latent_grid`.
      limits: values of black and white.

    >>> axes = new_figure(3, 3).subplots()
    >>> manifold_panel(axes, np.zeros((3, 3, 8, 8)), limits=(0, 1))
    >>> axes.get_ylabel()
    'z_2 (latent units)'
    """
    n, _, *event = images.shape
    height, width = event[:2]
    z = _normal_quantiles(n) if quantiles is None else quantiles
    flat = images.reshape(n * n, *event)
    axes.imshow(mosaic(to_rgb(flat, limits), n, n))
    places = np.unique(np.linspace(0, n - 1, min(n, MOST_TICKS)).round().astype(int))
    names = [number(float(z[i]), ".2f") for i in places]
    axes.set_xticks(places * (width + 1) + (width - 1) / 2, names)
    axes.set_yticks((n - 1 - places) * (height + 1) + (height - 1) / 2, names)
    axes.tick_params(labelsize=SMALL)
    axes.set_xlabel("z_1 (latent units)", fontsize=LABEL)
    axes.set_ylabel("z_2 (latent units)", fontsize=LABEL)
