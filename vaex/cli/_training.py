"""The training of one run: chunks, looks at held-out data, checkpoints."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np

from vaex.cli import _console
from vaex.cli._evaluate import Estimator
from vaex.cli._following import agreed, led
from vaex.cli._progress import MetricsLog, TrainingProgress
from vaex.cli._signals import Interrupted, StopRequest
from vaex.errors import InputError
from vaex.evaluation.units import in_data_units
from vaex.io import checkpoint
from vaex.io.checkpoint_config import CheckpointConfig
from vaex.io.checkpoint_writer import CheckpointWriter
from vaex.io.parts import Parts
from vaex.io.run_directory import RunDirectory
from vaex.tracking.views import Views
from vaex.training.config import TrainConfig
from vaex.training.early_stopping import EarlyStopping, settled
from vaex.training.loop import initial_state, iterate
from vaex.training.order import BatchOrder
from vaex.training.placement import Placement
from vaex.training.state import TrainState, model_variables


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

    @property
    def num_steps(self) -> int:
        """Steps of the whole run."""
        return self.trainer.num_steps(self.order.steps_per_epoch)

    @property
    def boundary(self) -> int | None:
        """Steps between looks at held-out data."""
        return self.trainer.boundary(self.order.steps_per_epoch)


@dataclass
class Position:
    """Where a run is: its state, and what a checkpoint records beside it.

    Attributes:
      state: the train state.
      stopping: what the looks have shown.
      best: state of the best look, None where there was none.
      metrics: the log's cursor.
      skipped: the steps left out so far, as they were not finite.
      too_long: how many made no update, as `updates.skip_above` says.
      seconds: spent training, over all attempts.
    """

    state: TrainState
    stopping: EarlyStopping
    best: TrainState | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    skipped: tuple[int, ...] = ()
    too_long: int = 0
    seconds: float = 0.0

    @property
    def step(self) -> int:
        """Steps done."""
        return int(self.state.step)

    def best_to_save(self) -> tuple[int, TrainState] | None:
        """Step and state of the best look, for the writer of checkpoints."""
        if self.best is None:
            return None
        return int(self.best.step), self.best

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
    setup: Setup, data: Mapping[str, jax.Array], saved: Saved | None = None
) -> Position:
    """The position of a checkpoint, or that of step 0.

    Args:
      setup: of the run.
      data: the training split on the device.
      saved: the checkpoint.

    Raises:
      InputError: if it does not fit the model.
    """
    trainer = setup.trainer
    stopping = EarlyStopping(trainer.patience, trainer.min_delta)

    def fresh() -> TrainState:
        return initial_state(setup.parts.experiment, data, setup.order)

    if saved is None:
        return Position(fresh(), stopping)
    like = jax.eval_shape(fresh)
    return Position(
        state=checkpoint.restore(saved.path, like),
        stopping=stopping.resumed(saved.record["stopping"]),
        best=None if saved.best is None else checkpoint.restore(saved.best, like),
        metrics=saved.record["metrics"],
        skipped=tuple(saved.record["skipped"]),
        too_long=saved.record["too_long"],
        seconds=saved.record["seconds"],
    )


def train(
    setup: Setup, data: Mapping[str, jax.Array], at: Position, stop: StopRequest
) -> Position:
    """Trains from a position to the end, or until patience has run out.

    Args:
      setup: of the run.
      data: the training split on the device.
      at: where to start; what is done is entered here.
      stop: looked at after every chunk.

    Returns:
      The last position, saved.

    Raises:
      Interrupted: after the position was saved.
      vaex.training.loop.Diverged: if the loss is not finite.
      vaex.errors.RunError: if the last checkpoint cannot be saved.
    """
    trainer, order, boundary = setup.trainer, setup.order, setup.boundary
    ends_at = (boundary, setup.saving.every_steps)
    if at.step == setup.num_steps or at.stopping.is_over:
        return at
    chunks = iterate(
        setup.parts.experiment,
        data,
        order,
        at.state,
        num_steps=setup.num_steps,
        boundaries=[every for every in ends_at if every],
        max_skipped=trainer.max_skipped,
        skipped=len(at.skipped),
        placement=setup.placement,
    )
    if boundary:  # compiled before the clock of the progress bar starts
        setup.estimator.quick(model_variables(at.state), 1)
    before, started = at.seconds, time.perf_counter()
    with (
        stop.deferred(),
        TrainingProgress(setup.num_steps, order.batch_size) as progress,
        CheckpointWriter(
            setup.directory.checkpoints, setup.saving, _console.say
        ) as writer,
        MetricsLog(
            setup.directory,
            trainer.log_every,
            order.steps_per_epoch,
            at.metrics,
            setup.views,
        ) as log,
    ):
        with led(len(at.skipped)):
            for chunk in chunks:
                at.state = chunk.state
                at.skipped += chunk.skipped
                at.too_long += int(np.nansum(chunk.metrics.get("skipped", 0)))
                metrics = in_data_units(chunk.metrics, setup.parts.preparation.log_det)
                log.add(chunk.step, metrics)
                progress.advance(chunk.step, metrics)
                is_last = chunk.step == setup.num_steps
                if boundary and (chunk.step % boundary == 0 or is_last):
                    _look(setup, at, log, progress)
                at.seconds = before + time.perf_counter() - started
                if is_last or at.stopping.is_over:
                    log.flush()
                at.metrics = log.cursor()
                number, is_over = agreed(stop, at.stopping.is_over)
                ends = is_last or is_over or number
                if ends or writer.is_due(chunk.step):
                    writer.save(chunk.step, at.state, at.record(), at.best_to_save())
                if ends:
                    break
        writer.finish()
        if number and not (is_last or is_over):
            raise Interrupted(
                f"saved at step {at.step} of {setup.num_steps}; the same line again "
                "goes on from there",
                number,
            )
    return at


def _look(
    setup: Setup, at: Position, log: MetricsLog, progress: TrainingProgress
) -> None:
    """Estimates on held-out data, and what they mean for the best and the end."""
    trainer = setup.trainer
    held_out = setup.estimator.quick(
        model_variables(at.state), trainer.evaluate_examples
    )
    log.add_estimate(at.step, setup.estimator.held_out, held_out)
    progress.note(held_out)
    now = settled(setup.parts.experiment, at.step)
    at.stopping = at.stopping.update(at.step, _score(held_out), settled=now)
    if at.stopping.best_step == at.step:
        at.best = at.state


def _score(held_out: Mapping[str, float]) -> float:
    """What early stopping and the best checkpoint go by; higher is better."""
    if "elbo" in held_out:
        return held_out["elbo"]
    losses = [
        held_out[k] for k in ("reconstruction_loss", "distortion") if k in held_out
    ]
    return -losses[0] if losses else float("nan")
