"""The aggregate posterior against the prior, dimension by dimension."""

import numpy as np
from matplotlib.figure import Figure

from vaex.figures._histograms import draw_marginal
from vaex.figures._images import grid_shape
from vaex.figures._style import LABEL, SMALL, TITLE, dress, new_figure
from vaex.figures._words import count_of, first_of

MOST_DIMENSIONS = 16


def draw_aggregate_posterior(draws: np.ndarray, prior: np.ndarray) -> Figure:
    """Marginal densities of z ~ q(z), one draw for each example, and of z ~ p(z).

    What differs is where samples of the prior meet a decoder that was never trained
    there, or leave out what the data have. Posterior means alone (`draw_latent_space`)
    do not show it: they lack the width of each q(z|x). That margins agree does not mean
    that q(z) and p(z) do.

    Args:
      draws: [N, L] latent units, z_n ~ q(z|x_n).
      prior: [M, L] latent units, draws.

    Returns:
      One pair of axes for each of the first 16 dimensions.

    Raises:
      ValueError: if the shapes are not [N, L] and [M, L].

    >>> figure = draw_aggregate_posterior(np.eye(3), np.zeros((5, 3)))
    >>> [axes.get_title() for axes in figure.axes]
    ['z0', 'z1', 'z2']
    """
    draws, prior = np.asarray(draws, np.float64), np.asarray(prior, np.float64)
    is_pair = draws.ndim == prior.ndim == 2 and draws.shape[1:] == prior.shape[1:]
    if not (is_pair and draws.size and prior.size):
        raise ValueError(
            f"draws and prior must be [N, L] and [M, L], got {draws.shape} and "
            f"{prior.shape}"
        )
    width = draws.shape[1]
    shown = min(width, MOST_DIMENSIONS)
    rows, across = grid_shape(shown)
    figure = new_figure(max(2.1 * across, 5.2) + 0.6, 1.6 * rows + 1.3)
    grid = figure.subplots(rows, across, squeeze=False).ravel()
    labels = ("z ~ q(z)", "z ~ p(z)")
    for number, axes in enumerate(grid[:shown]):
        draw_marginal(axes, draws[:, number], prior[:, number], labels=labels)
        dress(axes, title=f"z{number}")
        axes.locator_params("y", nbins=4)
    for axes in grid[shown:]:
        axes.remove()
    figure.supxlabel("latent units", fontsize=LABEL)
    figure.supylabel("density (per latent unit)", fontsize=LABEL)
    title = f"aggregate posterior of {count_of(len(draws), 'examples')}"
    title += f"; {first_of(shown, width, 'dimensions')}" if shown < width else ""
    figure.suptitle(title, fontsize=TITLE)
    handles, names = grid[0].get_legend_handles_labels()
    place = "outside lower right"
    figure.legend(handles, names, loc=place, ncols=2, fontsize=SMALL, frameon=False)
    return figure
