"""Figures of what `vaex evaluate --metrics` measured."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def draw_metrics(results: dict[str, Any], loaded: Any) -> Iterator[Path]:
    """Draws what there is a figure for, into the run's figures; their paths."""
    found = {
        "rate-distortion": _rate_distortion(results),
        "calibration": _calibration(results),
        "posterior-ranks": _ranks(results),
        **_latents(results, loaded),
    }
    for name, figure in found.items():
        if figure is None:
            continue
        from vaex.figures.saving import save_figure

        loaded.directory.figures.mkdir(exist_ok=True)
        file = f"{name}-{results['split']}.png"
        yield save_figure(figure, loaded.directory.figures / file)


def _rate_distortion(results: dict[str, Any]) -> Any:
    """The decoder's curve, with the run's own rate and distortion."""
    if "points" not in results.get("rate_distortion", {}):
        return None

    from vaex.figures.rate_distortion import (
        RateCurve,
        RatePoint,
        draw_rate_distortion,
    )

    own = [results[name] for name in ("rate", "distortion")]
    points = []
    if None not in (own[0]["value"], own[1]["value"]):
        values = [entry["value"] for entry in own]
        errors = [entry["se"] for entry in own]
        points = [RatePoint("this run", *values, *errors)]
    found = results["rate_distortion"]["points"]
    curve = RateCurve(
        "its decoder, annealed codes",
        np.array([point["rate"] for point in found]),
        np.array([point["distortion"] for point in found]),
    )
    return draw_rate_distortion(points, [curve])


def _calibration(results: dict[str, Any]) -> Any:
    """PIT values and coverage."""
    found = results.get("predictive_checks", {})
    pit = found.get("pit", {})
    if "counts" not in pit:
        return None

    from vaex.figures.calibration_plots import draw_calibration

    coverage = {
        entry["nominal"]: (entry["value"], entry["se"])
        for name, entry in found.items()
        if name.startswith("coverage") and entry["value"] is not None
    }
    return draw_calibration(pit["counts"], pit["band"], coverage)


def _ranks(results: dict[str, Any]) -> Any:
    """Ranks of z among posterior draws."""
    found = results.get("sbc", {}).get("sbc", {})
    if "counts" not in found:
        return None

    from vaex.figures.calibration_plots import draw_ranks

    return draw_ranks(found["counts"], found["band"])


def _latents(results: dict[str, Any], loaded: Any) -> dict[str, Any]:
    """Draws of the aggregate posterior beside the prior's, a figure for each layer."""
    if not any("bandwidth" in entry for entry in results.get("latents", {}).values()):
        return {}

    from vaex.figures.aggregate_posterior import draw_aggregate_posterior
    from vaex.metrics.of_run import latent_draws

    layers, rows = latent_draws(loaded, results["split"], {})
    figures = {}
    for number, layer in enumerate(layers, 1):
        which = f" z{number}" if len(layers) > 1 else ""
        figures[f"aggregate-posterior{which}".replace(" ", "-")] = (
            draw_aggregate_posterior(
                *layer, labels=rows.get("label"), name=f"aggregate posterior{which}"
            )
        )
    return figures
