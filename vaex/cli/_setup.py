"""What a run needs to be trained, and where it is in its training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from vaex.cli import _console
from vaex.cli._evaluate import Estimator
from vaex.errors import InputError
from vaex.io import checkpoint
from vaex.io.checkpoint_config import CheckpointConfig
from vaex.io.parts import Parts
from vaex.io.run_directory import RunDirectory
from vaex.tracking.views import Views
from vaex.training.config import TrainConfig
from vaex.training.early_stopping import EarlyStopping
from vaex.training.loop import Initial, initial_state, make_initial
from vaex.training.order import BatchOrder
from vaex.training.placement import Placement
from vaex.training.state import TrainState


@dataclass(frozen=True, eq=False)
class Setup:
    """What the training of a run needs, built before anything compiles."""

    directory: RunDirectory
    parts: Parts
    trainer: TrainConfig
    saving: CheckpointConfig
    order: BatchOrder
    estimator: Estimator
    views: Views
    placement: Placement = field(init=False)

    def __post_init__(self) -> None:
        placement = Placement.of(self.trainer.devices, self.order.batch_size)
        object.__setattr__(self, "placement", placement)

    @cached_property
    def init(self) -> Initial:
        """The compiled start of the run; traced when shapes are checked."""
        return make_initial(self.parts.experiment)

    @cached_property
    def log_det(self) -> float:
        """Nats per training example from prepared to data units, on average."""
        mask = self.parts.dataset.splits["train"].get("mask")
        return float(np.mean(self.parts.preparation.log_det_of(mask)))

    @property
    def num_steps(self) -> int:
        """Steps of the whole run."""
        return self.trainer.num_steps(self.order.steps_per_epoch)

    @property
    def boundary(self) -> int | None:
        """Steps between looks at held-out data."""
        return self.trainer.boundary(self.order.steps_per_epoch)

    @property
    def boundaries(self) -> list[int]:
        """Numbers of steps at whose multiples chunks end: looks and checkpoints."""
        return [every for every in (self.boundary, self.saving.every_steps) if every]


class HasState(Protocol):
    """What gives a train state when it is asked."""

    @property
    def state(self) -> TrainState:
        """The state."""
        ...


class Restored(NamedTuple):
    """A state that was saved."""

    state: TrainState


@dataclass
class Position:
    """Where a run is: its state, and what a checkpoint records beside it.

    Attributes:
      state: the train state after `step` steps, wherever it is saved or looked at.
      step: steps done.
      stopping: what the looks have shown.
      best: what has the state of the best look, None where there was none; of many
        runs it is fetched from the device when it is saved.
      metrics: the log's cursor.
      skipped: the steps left out so far, as they were not finite.
      too_long: how many made no update, as `updates.skip_above` says.
      seconds: spent training, over all attempts.
    """

    state: TrainState
    step: int
    stopping: EarlyStopping
    best: HasState | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    skipped: tuple[int, ...] = ()
    too_long: int = 0
    seconds: float = 0.0

    def best_to_save(self) -> tuple[int, TrainState] | None:
        """Step and state of the best look, for the writer of checkpoints."""
        if self.best is None:
            return None
        state = self.best.state
        return int(state.step), state

    def record(self) -> dict[str, Any]:
        """What a checkpoint holds beside the state."""
        return {
            "stopping": self.stopping.as_dict(),
            "metrics": dict(self.metrics),
            "skipped": list(self.skipped),
            "too_long": self.too_long,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Saved:
    """A checkpoint that a run can go on from, every byte of it verified.

    Attributes:
      path: its folder.
      record: what was saved beside the state.
      best: the checkpoint of the best look, verified; None where there was no look.
    """

    path: Path
    record: Mapping[str, Any]
    best: Path | None


def newest_saved(directory: RunDirectory) -> Saved | None:
    """The newest checkpoint that is whole; damaged ones are told to be passed over."""
    for path in checkpoint.complete(directory.checkpoints):
        try:
            record = checkpoint.record_of(path)
            if record.get("is_resumable", True):
                checkpoint.verify(path)
                return Saved(path, record, _best_of(path, record))
        except InputError as error:
            _console.say(f"warning: {error}; the one before it is used")
    return None


def _best_of(path: Path, record: Mapping[str, Any]) -> Path | None:
    step = record["stopping"]["best_step"]
    if step is None:
        return None
    best = path.with_name(str(step))
    checkpoint.verify(best)
    return best


def start(
    setup: Setup,
    saved: Saved | None = None,
    init: Initial | None = None,
) -> Position:
    """The position of a checkpoint, or that of step 0.

    Args:
      setup: of the run.
      saved: the checkpoint.
      init: `vaex.training.loop.make_initial`'s program, where it is shared.

    Raises:
      InputError: if it does not fit the model.
    """
    trainer = setup.trainer
    stopping = EarlyStopping(trainer.patience, trainer.min_delta)

    def fresh() -> TrainState:
        # Rows of what is stored: taking them on the device is a program for each array.
        train = setup.parts.dataset.splits["train"]
        return initial_state(
            setup.parts.experiment, train, setup.order, init or setup.init
        )

    if saved is None:
        return Position(fresh(), 0, stopping)
    like = jax.eval_shape(fresh)
    state = checkpoint.restore(saved.path, like)
    return Position(
        state=state,
        step=int(state.step),
        stopping=stopping.resumed(saved.record["stopping"]),
        best=None
        if saved.best is None
        else Restored(checkpoint.restore(saved.best, like)),
        metrics=saved.record["metrics"],
        skipped=tuple(saved.record["skipped"]),
        too_long=saved.record["too_long"],
        seconds=saved.record["seconds"],
    )
