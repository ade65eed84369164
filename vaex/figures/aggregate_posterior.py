"""The aggregate posterior against the prior: on a plane, and by dimension."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaex.figures._arrays import finite_range
from vaex.figures._classes import check_labels
from vaex.figures._histograms import draw_marginal
from vaex.figures._images import grid_shape
from vaex.figures._latent_points import draw_points
from vaex.figures._style import GREY, LABEL, SMALL, TITLE, dress, new_figure, note
from vaex.figures._words import count_of, first_of

MOST_DIMENSIONS = 16


def draw_aggregate_posterior(
    draws: np.ndarray,
    prior: np.ndarray,
    *,
    labels: np.ndarray | None = None,
    name: str = "aggregate posterior",
) -> Figure:
    """Draws z ~ q(z), one for each example, beside draws z ~ p(z).

    What differs is where samples of the prior meet a decoder that was never trained
    there, or leave out what the data have. Posterior means alone (`draw_latent_space`)
    do not show it: they lack the width of each q(z|x).

    On top both are points on the same plane: for L > 2 that of the two dimensions whose
    marginal distributions are furthest apart (Kolmogorov's distance). Below are
    the marginal densities. That margins agree does not mean that q(z) and p(z) do.

    Args:
      draws: [N, L] latent units, z_n ~ q(z|x_n).
      prior: [M, L] latent units, draws.
      labels: [N] integer classes, or None; up to 12 have colours of their own.
      name: what the draws are called in the title.

    Returns:
      Two pairs of axes for the plane, where L is above 1, and one for each of the first
      16 dimensions.

    Raises:
      ValueError: if the shapes are not [N, L] and [M, L], or labels do not fit.

    >>> figure = draw_aggregate_posterior(np.eye(3), np.zeros((5, 3)))
    >>> [axes.get_title() for axes in figure.axes]
    ['z ~ q(z)', 'z ~ p(z)', 'z0', 'z1', 'z2']
    """
    draws, prior = np.asarray(draws, np.float64), np.asarray(prior, np.float64)
    is_pair = draws.ndim == prior.ndim == 2 and draws.shape[1:] == prior.shape[1:]
    if not (is_pair and draws.size and prior.size):
        raise ValueError(
            f"draws and prior must be [N, L] and [M, L], got {draws.shape} and "
            f"{prior.shape}"
        )
    labels = None if labels is None else check_labels(labels, len(draws))
    width = draws.shape[1]
    shown = min(width, MOST_DIMENSIONS)
    rows, across = grid_shape(shown)
    wide, low = max(2.1 * across, 5.2) + 0.6, 1.6 * rows + 1.3
    if width == 1:
        figure = margins = new_figure(wide, low)
    else:
        high = 4.2
        figure = new_figure(max(wide, 9.0), high + low)
        parts: Any = figure.subfigures(2, 1, height_ratios=[high, low])
        planes, margins = parts
        pair = furthest_apart(draws, prior)
        _draw_planes(planes.subplots(1, 2), draws, prior, pair, labels)
    grid = margins.subplots(rows, across, squeeze=False).ravel()
    names = ("z ~ q(z)", "z ~ p(z)")
    for number, axes in enumerate(grid[:shown]):
        draw_marginal(axes, draws[:, number], prior[:, number], labels=names)
        dress(axes, title=f"z{number}")
        axes.locator_params("y", nbins=4)
    for axes in grid[shown:]:
        axes.remove()
    margins.supxlabel("latent units", fontsize=LABEL)
    margins.supylabel("density (per latent unit)", fontsize=LABEL)
    title = f"{name} of {count_of(len(draws), 'examples')}"
    title += f"; {first_of(shown, width, 'dimensions')}" if shown < width else ""
    figure.suptitle(title, fontsize=TITLE)
    handles, words = grid[0].get_legend_handles_labels()
    place = "outside lower right"
    margins.legend(handles, words, loc=place, ncols=2, fontsize=SMALL, frameon=False)
    return figure


def furthest_apart(draws: np.ndarray, prior: np.ndarray) -> tuple[int, int]:
    """The two dimensions, in their order, whose margins differ most.

    Args:
      draws: [N, L], L at least 2.
      prior: [M, L].

    >>> draws = np.arange(12.0).reshape(4, 3)
    >>> furthest_apart(draws, draws + np.array([3.0, 0.0, 9.0]))
    (0, 2)
    """
    gaps = [_distance(q, p) for q, p in zip(draws.T, prior.T, strict=True)]
    first, second = sorted(np.argsort(gaps, kind="stable")[-2:].tolist())
    return first, second


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference of the two empirical distribution functions."""
    every = np.concatenate([one, other])
    below = [np.searchsorted(np.sort(x), every, "right") / len(x) for x in (one, other)]
    return float(np.abs(below[0] - below[1]).max())


def _draw_planes(
    grid: np.ndarray,
    draws: np.ndarray,
    prior: np.ndarray,
    pair: tuple[int, int],
    labels: np.ndarray | None,
) -> None:
    """Draws of q(z), by class, and beside them draws of p(z), on the same plane."""
    left, right = grid
    ours, theirs = draws[:, pair], prior[:, pair]
    is_finite = np.isfinite(ours).all(1)
    if is_finite.any():
        known = None if labels is None else labels[is_finite]
        draw_points(left, ours[is_finite], known)
    size = float(np.clip(15000 / len(theirs), 4, 20))
    right.scatter(*theirs.T, s=size, lw=0, alpha=0.7, color=GREY)
    limits = [
        finite_range(q, p, tail=0.0005) for q, p in zip(ours.T, theirs.T, strict=True)
    ]
    x, y = (f"z{number} (latent units)" for number in pair)
    for axes, points, title in ((left, ours, "z ~ q(z)"), (right, theirs, "z ~ p(z)")):
        dress(axes, title=title, x=x, y=y)
        _same_limits(axes, points, limits)


def _same_limits(
    axes: Axes, points: np.ndarray, limits: list[tuple[float, float]]
) -> None:
    """Limits that both panels share, and a remark on points that lie beyond."""
    axes.set_aspect("equal", adjustable="box")
    margins = [0.05 * (high - low) for low, high in limits]
    for setter, (low, high), margin in zip(
        (axes.set_xlim, axes.set_ylim), limits, margins, strict=True
    ):
        setter(low - margin, high + margin)
    low, high = (np.array(ends) for ends in zip(*limits, strict=True))
    pad = np.array(margins)
    outside = 1 - np.mean(((points >= low - pad) & (points <= high + pad)).all(1))
    if outside > 0.005:
        note(axes, f"{100 * outside:.1f} % outside")
