"""The oddest rows as pictures, pixel by pixel."""

from pathlib import Path

import jax
import numpy as np

from vaex.cli import _console
from vaex.cli._scoring import Judged, Opened, Rows
from vaex.errors import InputError
from vaex.evaluation.generate import reconstruct
from vaex.figures.anomaly_heat_map import draw_anomaly_heat_maps
from vaex.figures.saving import save_figure
from vaex.numerics import named_fold


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

    Raises:
      InputError: if rows are no images, or the score has no parts.
    """
    parts = judged.scores.attribution
    if parts is None or parts.ndim != 3:
        raise InputError(
            "--figure draws images [H, W] under a score with an attribution, such as "
            "reconstruction or error; leave it out"
        )
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
