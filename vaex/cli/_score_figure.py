"""The oddest rows as pictures, pixel by pixel."""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from vaex.cli import _console
from vaex.cli._scoring import Judged, Opened, Rows
from vaex.errors import InputError
from vaex.evaluation.generate import reconstruct
from vaex.figures.anomaly_heat_map import draw_anomaly_heat_maps
from vaex.figures.saving import save_figure
from vaex.numerics import named_fold


def check_figure(head: Any, score: str) -> None:
    """Refuses a figure of what is no image, or of a score without parts.

    Args:
      head: of the model.
      score: its name.
    """
    if len(head.attribution_shape) != 2 or score not in ("reconstruction", "error"):
        raise InputError(
            "--figure draws images [H, W] under --score reconstruction or error, got "
            f"--score {score} of rows {head.event_shape}; leave it out"
        )


def draw_oddest(
    opened: Opened,
    rows: Rows,
    kept: np.ndarray,
    judged: Judged,
    unit: str,
    path: Path,
) -> None:
    """Draws up to eight rows with the highest scores.

    Args:
      opened: the run.
      rows: that were scored.
      kept: [n] their numbers in the file.
      judged: their scores.
      unit: of the score.
      path: of the figure.
    """
    parts = judged.scores.attribution
    assert parts is not None
    order = np.argsort(-judged.scores.value, kind="stable")[:8]
    few = {
        name: np.asarray(values)[order]
        for name, values in rows.items()
        if name != "mask" or not values.all()
    }
    few["x"] = few["x"].astype(np.float32)
    key = named_fold(jax.random.key(0), "load")
    _, means, _ = reconstruct(*opened.parts, key, few)
    levels = opened.stored.num_classes
    originals = few["x"] / (1 if levels is None else levels - 1)
    figure = draw_anomaly_heat_maps(
        originals,
        means,
        parts[order],
        names=[f"row {kept[place]}" for place in order],
        scores=judged.scores.value[order],
        unit=unit,
    )
    _console.say(f"figure   {save_figure(figure, path)}")
