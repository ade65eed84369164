"""The record of a run that stopped being finite: state, report, what to try."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

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
    directory: RunDirectory, parts: Parts, order: BatchOrder, error: Diverged
) -> str:
    """Records why a run stopped, its state included, and sets its status.

    Writes RUN/checkpoints-diverged/STEP, RUN/divergence.json and RUN/error.txt. A step
    that cannot be examined (memory, say) is recorded as one.

    Args:
      directory: of the run.
      parts: of the run.
      order: of its batches.
      error: from the loop.

    Returns:
      What to tell the user.
    """
    lines, facts = [str(error)], {"skipped": list(error.skipped)}
    if error.state is not None:
        record = {"skipped": len(error.skipped), "is_resumable": False}
        checkpoint.save(directory.path / FOLDER, error.step, error.state, record)
        try:
            found = Examined(parts, order, error.state)
        except Exception as reason:
            lines.append(f"the step could not be examined: {reason!r}")
            facts |= {"step": error.step, "reason": repr(reason)}
        else:
            lines += found.lines()
            facts |= found.to_json()
        write_json(directory.path / FILE, facts)
        again = f"vaex replay {directory.path} --step {error.step}"
        lines.append(f"  {again}  goes through it again")
    text = "\n".join([*lines, f"recorded in {directory.path}"])
    directory.fail("diverged", str(error), f"{text}\n")
    return text


def like_of(parts: Parts, order: BatchOrder) -> Any:
    """What a train state of the run looks like, nothing computed."""
    from vaex.training.loop import initial_state

    train: Mapping[str, Any] = parts.dataset.splits["train"]
    return jax.eval_shape(lambda: initial_state(parts.experiment, train, order))


def _compact(report: Report) -> dict[str, Any]:
    """A report without what the other one of the step says as well."""
    found = report.to_json()
    del found["step"]
    return found
