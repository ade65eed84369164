"""Learning curves of runs, thinned to what a page can show."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vaex.sweeps.job import Job

QUANTITIES = {
    "elbo": "ELBO (nats per example)",
    "distortion": "distortion (nats per example)",
    "rate": "rate (nats per example)",
    "loss": "loss (units of the objective)",
}

MOST_POINTS = 60_000
"""On a page, over all curves."""

SPLITS = ("held-out", "train")


def curve_of(
    job: Job, quantity: str, split: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Steps [N] and values [N] of a quantity; None where there is no finite value.

    Args:
      job: a run.
      quantity: a column of metrics.jsonl.
      split: "train" or "held-out", which is any other.
    """
    found: dict[float, float] = {}
    for row in job.rows:
        value = row.get(quantity)
        if ("train" if row.get("split") == "train" else "held-out") != split:
            continue
        if isinstance(value, int | float) and np.isfinite(value):
            found[float(row["step"])] = float(value)
    if not found:
        return None
    ordered = np.array(sorted(found.items()))
    return ordered[:, 0], ordered[:, 1]


def held_out_curve(job: Job) -> tuple[np.ndarray, np.ndarray] | None:
    """Steps [N] and held-out ELBO [N] in nats per example; None where there is none."""
    return curve_of(job, "elbo", "held-out")


def thinned(
    steps: np.ndarray, values: np.ndarray, most: int
) -> tuple[list[float], list[float]]:
    """At most so many points of a curve, its first and last among them.

    >>> thinned(np.arange(5.0), np.arange(5.0), 3)
    ([0, 2, 4], [0.0, 2.0, 4.0])
    """
    places = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), most)).round())
    chosen = places.astype(int)
    return (
        [int(step) for step in steps[chosen]],
        [float(f"{value:.6g}") for value in values[chosen]],
    )


def page_curves(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Quantity -> split -> [steps, values] for each job, for the page's script."""
    most = max(min(MOST_POINTS // max(len(jobs) * 5, 1), 250), 12)
    found = []
    for job in jobs:
        curves: dict[str, Any] = {}
        for quantity in QUANTITIES:
            for split in SPLITS:
                curve = curve_of(job, quantity, split)
                if curve is not None:
                    points = thinned(*curve, most)
                    curves.setdefault(quantity, {})[split] = points
        found.append(curves)
    return found
