"""The record of a run that stopped being finite: state, report, what to try."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from vaex.cli import _console
from vaex.io import checkpoint
from vaex.io.atomic import write_json
from vaex.io.parts import Parts
from vaex.io.run_directory import RunDirectory
from vaex.training.forensics import Report, examine, verdict
from vaex.training.loop import Diverged
from vaex.training.order import BatchOrder
from vaex.training.state import TrainState

FOLDER = "checkpoints-diverged"
"""Where a run keeps the last good state before a step that it could not skip."""

FILE = "divergence.json"


class Examined:
    """A step in float32 and in float64.

    Args:
      parts: of the run.
      order: of its batches.
      state: what the step starts from.
    """

    def __init__(self, parts: Parts, order: BatchOrder, state: TrainState):
        self.step = int(state.step)
        self.indices: np.ndarray = order.indices(self.step, 1)[0]
        train = parts.dataset.splits["train"]
        rows = {name: array[self.indices] for name, array in train.items()}
        index = self.indices.tolist()
        self.single, self.double = (
            examine(parts.experiment, state, rows, float64=wide, indices=index)
            for wide in (False, True)
        )

    def lines(self) -> list[str]:
        """Both reports for people."""
        found = [*self.single.lines(), f"  {verdict(self.single, self.double)}"]
        first = self.double.first
        if first is not None:
            name = "the same" if first.name == self._first() else first.name
            found.append(f"  the first quantity in float64: {name}")
        return found

    def to_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "step": self.step,
            "indices": self.indices.tolist(),
            "first": self._first(),
            "verdict": verdict(self.single, self.double),
            "float32": _compact(self.single),
            "float64": _compact(self.double),
        }

    def _first(self) -> str | None:
        first = self.single.first
        return None if first is None else first.name


def record_divergence(
    directory: RunDirectory,
    parts: Parts,
    order: BatchOrder,
    error: Diverged,
    *,
    explains: bool = True,
) -> str:
    """Records why a run stopped, its state included, and sets its status.

    Writes RUN/checkpoints-diverged/STEP, RUN/divergence.json and RUN/error.txt. A state
    that cannot be saved (a full disk) and a step that cannot be examined (memory, or a
    part of the user's that is not pure) are said to be so: neither hides why the run
    stopped.

    Args:
      directory: of the run.
      parts: of the run.
      order: of its batches.
      error: from the loop.
      explains: examine the step now; `vaex replay` can do so at any time.

    Returns:
      What to tell the user.
    """
    reason = str(error)
    with contextlib.suppress(OSError):
        directory.fail("diverged", reason, f"{reason}\n")
    lines = [reason]
    if error.state is not None:
        lines += _kept(directory, error)
        if explains:
            _console.say(f"step {error.step} is not finite; examining it")
            lines += _explained(directory, parts, order, error)
        again = f"vaex replay {directory.path} --step {error.step}"
        lines.append(f"  {again}  goes through it again")
    text = "\n".join([*lines, f"recorded in {directory.path}"])
    with contextlib.suppress(OSError):
        directory.fail("diverged", reason, f"{text}\n")
    return text


def _kept(directory: RunDirectory, error: Diverged) -> list[str]:
    """Saves the state; what there is to say of that."""
    record = {"skipped": list(error.skipped), "is_resumable": False}
    try:
        checkpoint.save(directory.path / FOLDER, error.step, error.state, record)
    except Exception as problem:
        return [f"its state could not be saved: {problem}"]
    return []


def _explained(
    directory: RunDirectory, parts: Parts, order: BatchOrder, error: Diverged
) -> list[str]:
    """Writes the reports; the lines of them."""
    assert error.state is not None
    facts: dict[str, Any] = {"step": error.step, "skipped": list(error.skipped)}
    try:
        found = Examined(parts, order, error.state)
    except Exception as problem:
        lines = [f"the step could not be examined: {problem!r}"]
        facts["problem"] = repr(problem)
    else:
        lines = found.lines()
        facts |= found.to_json()
    with contextlib.suppress(OSError):
        write_json(directory.path / FILE, facts)
    return lines


def stopped_at(directory: RunDirectory) -> Path | None:
    """The state that a diverged run has kept; None where it did not, or went on."""
    if directory.status().get("state") != "diverged":
        return None
    return checkpoint.latest(directory.path / FOLDER)


def _compact(report: Report) -> dict[str, Any]:
    """A report without what the other one of the step says as well."""
    found = report.to_json()
    del found["step"]
    return found
