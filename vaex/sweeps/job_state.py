"""How far a job is: what its run directory says, and whether a process is at it."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from vaex.io.lock import NAME
from vaex.sweeps.job import Job

DONE = frozenset({"finished", "skipped", "pruned"})
"""States that need nothing more."""

FAILED = frozenset({"failed", "diverged", "damaged"})
"""States with a reason that wants to be read."""


class JobState(NamedTuple):
    """How far one job is.

    Attributes:
      name: finished, running, stale (says running, but no process is at it),
        interrupted, failed, diverged, skipped, pruned, damaged or not started.
      reason: why it failed, was skipped or is damaged.
      step: optimizer steps of its last row of metrics.
      steps: how many it is to make, None where nothing tells yet.
      elbo: nats per example, of held-out data: the final one, or the last so far.
      seconds: of training where it is finished, else since its last attempt began.
    """

    name: str
    reason: str = ""
    step: int | None = None
    steps: int | None = None
    elbo: float | None = None
    seconds: float | None = None


def state_of(job: Job) -> JobState:
    """Reads how far a job is.

    >>> state_of(Job(Path("nowhere"))).name
    'not started'
    """
    if job.damage:
        return JobState("damaged", job.damage)
    if not job.status:
        return JobState("not started")
    name = str(job.status.get("state", "damaged"))
    if name == "running" and not is_held(job.folder):
        name = "stale"
    last = job.rows[-1] if job.rows else {}
    trained = job.results.get("training", {})
    step = trained.get("steps", last.get("step"))
    return JobState(
        name,
        str(job.status.get("reason", "")),
        step,
        step if name == "finished" else _steps(job.config.get("trainer", {}), last),
        _elbo(job),
        trained.get("seconds", _seconds(job, is_alive=name == "running")),
    )


def is_held(folder: Path) -> bool:
    """Whether a process holds the run directory's lock.

    The lock is tried for an instant, and never made.

    >>> is_held(Path("nowhere"))
    False
    """
    if not (folder / NAME).is_file():
        return False
    try:
        with FileLock(folder / NAME, timeout=0, fallback_to_soft=False):
            return False
    except Timeout:
        return True
    except (NotImplementedError, OSError):  # no locks here: the record is believed
        return True


def _steps(trainer: dict[str, Any], row: dict[str, Any]) -> int | None:
    if trainer.get("steps"):
        return trainer["steps"]
    if trainer.get("epochs") and row.get("epoch"):
        return round(trainer["epochs"] * row["step"] / row["epoch"])
    return None


def _elbo(job: Job) -> float | None:
    final = job.results.get("elbo")
    if isinstance(final, dict):
        return final.get("value")
    held_out = (r.get("elbo") for r in job.rows if r.get("split") != "train")
    return next((v for v in reversed(list(held_out)) if v is not None), None)


def _seconds(job: Job, *, is_alive: bool) -> float | None:
    """Since the last attempt began, until now or until it last wrote."""
    try:
        began = datetime.fromisoformat(job.status["started"]).timestamp()
        files = [job.folder / name for name in ("status.json", "metrics.jsonl")]
        ends = [file.stat().st_mtime for file in files if file.is_file()]
    except (KeyError, TypeError, ValueError, OSError):
        return None
    return max((time.time() if is_alive else max(ends)) - began, 0.0)
