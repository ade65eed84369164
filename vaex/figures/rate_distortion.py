"""Rate against distortion: runs as points, decoders as curves."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaex.figures._style import GREY, SMALL, dress, new_figure
from vaex.figures._sweep_colours import line_colours
from vaex.figures._words import plain


class RatePoint(NamedTuple):
    """A model: what its code costs, and what that leaves to say of x.

    Attributes:
      name: of the model.
      rate: nats per example.
      distortion: nats per example.
      rate_se: its standard error, None where it is not known.
      distortion_se: likewise.
    """

    name: str
    rate: float
    distortion: float
    rate_se: float | None = None
    distortion_se: float | None = None


class RateCurve(NamedTuple):
    """Points of one decoder with better codes than its encoder's.

    Attributes:
      name: what it is.
      rates: [R] nats per example.
      distortions: [R] nats per example.
    """

    name: str
    rates: np.ndarray
    distortions: np.ndarray


def draw_rate_distortion(
    points: Sequence[RatePoint], curves: Sequence[RateCurve] = ()
) -> Figure:
    """Rate from left to right, distortion upwards, both in nats per example.

    The broken line holds all pairs whose sum is that of the best point: its slope is
    -1, and what lies below it has a higher ELBO.

    Args:
      points: of runs; at least one of these, or a curve.
      curves: drawn as lines.

    Returns:
      The figure.

    >>> figure = draw_rate_distortion([RatePoint("beta=1", 20.0, 70.0, 0.1, 0.3)])
    >>> figure.axes[0].get_xlabel()
    'rate (nats per example)'
    """
    figure = new_figure(6.4, 4.4)
    axes = figure.subplots()
    for colour, point in zip(line_colours(len(points)), points, strict=True):
        axes.errorbar(
            [point.rate], [point.distortion], xerr=point.rate_se,
            yerr=point.distortion_se, fmt="o", ms=6, lw=1.4, color=colour,
            label=plain(point.name, 40), zorder=3,
        )  # fmt: skip
    for index, curve in enumerate(curves):
        axes.plot(
            curve.rates, curve.distortions, ("-", ":", "-.")[index % 3],
            color="#333333", lw=1.4, label=plain(curve.name, 40),
        )  # fmt: skip
    if points:
        best = min(points, key=lambda point: point.rate + point.distortion)
        total = best.rate + best.distortion
        ends = np.array(axes.get_xlim())
        _hold_limits(axes)
        axes.plot(
            ends, total - ends, "--", color=GREY, lw=1.0, zorder=1,
            label=f"rate + distortion = {total:.4g} nats",
        )  # fmt: skip
    dress(axes, x="rate (nats per example)", y="distortion (nats per example)")
    axes.legend(fontsize=SMALL, frameon=False, loc="upper right")
    return figure


def _hold_limits(axes: Axes) -> None:
    axes.set_xlim(axes.get_xlim())
    axes.set_ylim(axes.get_ylim())
