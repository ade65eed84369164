"""What a job of a search came to, read from its run directory."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vaex.cli._search_options import HELD_OUT
from vaex.errors import InputError
from vaex.io.run_directory import RunDirectory


class Outcome(NamedTuple):
    """What is told of a job.

    Attributes:
      state: complete, pruned, fail, or open: it is not over, and so not told.
      values: of the metrics, where it is complete.
      split: of the data that they were computed on.
      reason: why it failed.
      run: its directory, None where it has none.
      prepared: what the values are densities of: the data, and how they are prepared.
      seconds: that it was trained.
    """

    state: str
    values: tuple[float, ...] | None = None
    split: str = ""
    reason: str = ""
    run: Path | None = None
    prepared: str = ""
    seconds: float | None = None


def outcome_of(job: Any, metrics: Sequence[str]) -> Outcome:
    """The outcome of Hydra's `JobReturn`.

    A failure is no exception here: the search goes on without the trial.
    """
    path = _folder(job)
    if path is None:
        return Outcome("fail", reason=_error(job) or "the job left no run directory")
    run = RunDirectory(path)
    try:
        record = run.status()
        state = record.get("state")
        if state == "pruned":
            return Outcome("pruned", run=path)
        if state in ("running", "interrupted"):
            return Outcome("open", reason=_error(job), run=path)
        if state != "finished":
            reason = record.get("reason") or _error(job) or f"the run is {state}"
            return Outcome("fail", reason=_line(reason), run=path)
        found = [metric_of(run, metric) for metric in metrics]
    except InputError as error:
        return Outcome("fail", reason=_line(str(error)), run=path)
    splits = dict.fromkeys(split for _, split in found)
    values = tuple(value for value, _ in found)
    data = record.get("data", {})
    prepared = f"{record.get('preparation')} of {data.get('name')}"
    if data.get("checksum"):
        prepared += f" {data['checksum'][:8]}"
    training = (run.results() or {}).get("training", {})
    return Outcome(
        "complete",
        values,
        " and ".join(splits),
        run=path,
        prepared=prepared,
        seconds=training.get("seconds"),
    )


def metric_of(run: RunDirectory, metric: str) -> tuple[float, str]:
    """A metric of a finished run, and the split that it was computed on.

    `held_out.NAME` is NAME at the look at the validation split that the run ended
    with (`trainer.keep_best` may have ended it with an earlier one); where the data
    have no such split it is what results.json has of NAME, on the test split.

    Raises:
      InputError: if the run has no such number.
    """
    results = run.results() or {}
    split = str(results.get("split", "test"))
    space, _, name = metric.partition(".")
    path = metric
    if space == HELD_OUT:
        looks = [
            row
            for row in run.metrics()
            if row.get("split") == "validation" and row.get(name) is not None
        ]
        if looks:
            end = results.get("training", {}).get("checkpoint")
            chosen = [row for row in looks if row["step"] == end] or looks
            return float(chosen[-1][name]), "validation"
        path = f"{name}.value"
    value: Any = results
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if type(value) not in (int, float) or not math.isfinite(value):
        numbers = [k for k, v in results.items() if _number(v)]
        raise InputError(
            f"hydra.sweeper.metric={metric}: results.json has no such number, got "
            f"{value!r}; it has {', '.join(f'{k}.value' for k in numbers)}"
        )
    return float(value), split


def _number(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("value"), int | float)


def _folder(job: Any) -> Path | None:
    """The run directory of a job, where there is one.

    Hydra's `working_dir` is the process's own; a launcher that keeps no `hydra_cfg`
    has the run directory there.
    """
    if job.hydra_cfg is not None:
        path = Path(str(job.hydra_cfg.hydra.runtime.output_dir))
    elif job.working_dir:
        path = Path(job.working_dir)
    else:
        return None
    return path if (path / "status.json").is_file() else None


def _error(job: Any) -> str:
    error = job._return_value  # the property raises it, and writes to stderr
    if not isinstance(error, BaseException):
        return ""
    return _line(str(error) or type(error).__name__)


def _line(text: str) -> str:
    return " ".join(str(text).split())
