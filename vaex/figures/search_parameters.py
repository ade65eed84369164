"""Which values of the parameters a search found good: parallel coordinates."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from vaex.figures._curves import robust_limits
from vaex.figures._style import LABEL, SMALL, new_figure
from vaex.figures._words import count_of, number, plain

MOST_CHOICES = 14


class SearchedParameter(NamedTuple):
    """A key and its value in every trial.

    Attributes:
      name: as it is shown.
      values: [N] numbers, or words for a choice.
      is_log: whether the numbers lie on a logarithmic scale.
      importance: share of the metric's variance, None where it is not known.
    """

    name: str
    values: Sequence[float] | Sequence[str]
    is_log: bool = False
    importance: float | None = None


class _Scale(NamedTuple):
    """Heights [N] in [0, 1], and what to write at which of them."""

    heights: np.ndarray
    places: np.ndarray
    words: Sequence[str]


def draw_search_parameters(
    parameters: Sequence[SearchedParameter],
    scores: np.ndarray,
    metric: str,
    *,
    maximize: bool = True,
) -> Figure:
    """A line for each trial through an axis for each parameter and one for the metric.

    Colours go by rank, the best trials dark and in front. Lines that share a choice
    are spread a little at it. Scores far outside are drawn at the edge of their axis.

    Args:
      parameters: at least one.
      scores: [N] finite, of the trials.
      metric: its name.
      maximize: whether higher scores are better.

    Returns:
      The figure.

    Raises:
      ValueError: if there is no trial, or a parameter has not one value for each.

    >>> beta = SearchedParameter("beta", [0.5, 1.0])
    >>> figure = draw_search_parameters([beta], np.array([-3.0, -2.0]), "ELBO")
    >>> [text.get_text() for text in figure.axes[0].texts[-3:-1]]
    ['beta', 'ELBO']
    """
    scores = np.asarray(scores, dtype=np.float64)
    if not len(scores) or any(len(p.values) != len(scores) for p in parameters):
        raise ValueError(
            f"every parameter must have one value for each score, got "
            f"{[len(p.values) for p in parameters]} for {len(scores)} scores"
        )
    scales = [_scale_of(parameter) for parameter in parameters]
    scales.append(_score_scale(scores, maximize))
    figure = new_figure(1.6 + 1.35 * len(scales), 4.0)
    axes = figure.subplots()
    order = np.argsort(scores if maximize else -scores, kind="stable")
    shades = colormaps["viridis_r"](np.linspace(0.05, 0.95, len(order)))
    lines = np.stack([scale.heights for scale in scales])
    for rank, trial in enumerate(order):
        width = 1.8 if rank == len(order) - 1 else 0.9
        axes.plot(lines[:, trial], color=shades[rank], lw=width, alpha=0.85)
    for place, scale in enumerate(scales):
        _draw_axis(axes, place, scale)
    names = [*(_title(parameter) for parameter in parameters), plain(metric, 22)]
    for place, name in enumerate(names):
        axes.text(place, 1.06, name, ha="center", va="bottom", fontsize=LABEL)
    axes.set_ylim(-0.04, 1.04)
    axes.set_xlim(-0.35, len(scales) - 0.55)
    axes.axis("off")
    words = (
        f"{count_of(len(scores), 'trials')}, coloured by rank: the darkest is the best"
    )
    axes.text(-0.3, -0.07, words, va="top", fontsize=SMALL, color="#555555")
    return figure


def _title(parameter: SearchedParameter) -> str:
    name = plain(parameter.name, 22)
    if parameter.importance is None:
        return name
    return f"{name}\n{parameter.importance:.0%} of variance"


def _draw_axis(axes: Axes, place: int, scale: _Scale) -> None:
    axes.plot([place, place], [0, 1], color="black", lw=1.0, zorder=3)
    for height, word in zip(scale.places, scale.words, strict=True):
        axes.plot([place - 0.025, place], [height] * 2, color="black", lw=1, zorder=3)
        axes.text(
            place - 0.045,
            height,
            plain(word, 18),
            ha="right",
            va="center",
            fontsize=SMALL,
            parse_math=False,
            zorder=4,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.6},
        )


def _scale_of(parameter: SearchedParameter) -> _Scale:
    if parameter.values and isinstance(parameter.values[0], str):
        return _choices([str(value) for value in parameter.values])
    values = np.asarray(parameter.values, dtype=np.float64)
    if not parameter.is_log:
        return _numbers(values, float(values.min()), float(values.max()))
    low, high = float(values.min()), float(values.max())
    subs = (1.0,) if high > 1000 * low else (1.0, 2.0, 5.0)
    found = LogLocator(subs=subs, numticks=20).tick_values(low, high)
    ticks = [t for t in found if low <= t <= high]
    if len(ticks) < 2:
        ticks = [low, high]
    return _scaled(np.log(values), np.log(low), np.log(high), np.log(ticks), ticks)


def _choices(values: Sequence[str]) -> _Scale:
    kinds = sorted(set(values), key=_by_number)
    places = (np.arange(len(kinds)) + 0.5) / len(kinds)
    heights = np.empty(len(values))
    for kind, place in zip(kinds, places, strict=True):
        here = np.array([i for i, value in enumerate(values) if value == kind])
        spread = 0.25 / len(kinds)
        heights[here] = place + np.linspace(-spread, spread, len(here) + 2)[1:-1]
    step = -(-len(kinds) // MOST_CHOICES)
    return _Scale(heights, places[::step], kinds[::step])


def _by_number(word: str) -> tuple[float, str]:
    try:
        return float(word), word
    except ValueError:
        return float("inf"), word


def _numbers(values: np.ndarray, low: float, high: float) -> _Scale:
    ticks = MaxNLocator(5).tick_values(low, high)
    inside = [t for t in ticks if low <= t <= high] or [low]
    return _scaled(values, low, high, np.array(inside), inside)


def _score_scale(scores: np.ndarray, maximize: bool) -> _Scale:
    """The best at its end; what is far worse than the rest at the other one."""
    worst_first = np.sort(scores) if maximize else -np.sort(-scores)
    limits = robust_limits([worst_first]) or (scores.min(), scores.max())
    low = max(float(limits[0]), float(scores.min()))
    high = min(float(limits[1]), float(scores.max()))
    return _numbers(np.clip(scores, low, high), low, high)


def _scaled(
    values: np.ndarray,
    low: float,
    high: float,
    places: np.ndarray,
    numbers: Sequence[float],
) -> _Scale:
    width = high - low
    words = [number(value, ".4g") for value in numbers]
    if width <= 0:
        return _Scale(np.full(len(values), 0.5), np.array([0.5]), words[:1])
    return _Scale((values - low) / width, (np.asarray(places) - low) / width, words)
