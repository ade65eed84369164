"""How a run went: ELBO, distortion and rate (or the loss) over optimizer steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from vaex.figures._curve_panel import draw_panel
from vaex.figures._curves import read_curves
from vaex.figures._style import SMALL, dress, new_figure

UNITS = {
    "elbo": "ELBO (nats per example)",
    "distortion": "distortion (nats per example)",
    "rate": "rate (nats per example)",
    "loss": "loss (per example, units of the objective)",
}


def draw_training_curves(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """ELBO, distortion and rate over steps, one line per split.

    Where no row has an ELBO (a loss-only head), the loss stands in its place.
    Training values are drawn thin with a running median over them, the other splits
    with markers. Values far outside, such as the first losses, are left out of the
    limits and counted in the panel.

    Args:
      rows: lines of metrics.jsonl, each with "step", "split" ("train",
        "validation", "test") and any of "elbo", "distortion", "rate" (nats per
        example) and "loss"; a value may be missing, None or NaN.

    Returns:
      A figure of one panel per quantity that has values.

    Raises:
      ValueError: if no row has a step and a finite value of any of them.

    >>> rows = [{"step": s, "split": "train", "elbo": -90.0 - 9 / s} for s in (1, 2)]
    >>> [axes.get_ylabel() for axes in draw_training_curves(rows).axes]
    ['ELBO (nats per example)']
    """
    found = {name: read_curves(rows, name) for name in UNITS}
    if found["elbo"]:
        del found["loss"]
    found = {name: curves for name, curves in found.items() if curves}
    if not found:
        raise ValueError(
            f"rows must hold a step and a finite value of one of {list(UNITS)}, got "
            f"{len(rows)} rows without; pass the objects of metrics.jsonl"
        )
    figure = new_figure(1.2 + 3.6 * len(found), 3.4)
    panels = figure.subplots(1, len(found), sharex=True, squeeze=False)[0]
    for axes, (name, curves) in zip(panels, found.items(), strict=True):
        draw_panel(axes, curves)
        dress(axes, x="optimizer step", y=UNITS[name])
    longest = max(panels, key=lambda axes: len(axes.get_legend_handles_labels()[1]))
    handles, labels = longest.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=len(labels),
        fontsize=SMALL,
        frameon=False,
    )
    return figure
