"""What is done around the steps of one run: its log, its looks, its checkpoints."""

import contextlib
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from vaex.cli import _console
from vaex.cli._progress import MetricsLog
from vaex.cli._setup import Position, Setup
from vaex.evaluation.units import in_data_units
from vaex.io.checkpoint_writer import CheckpointWriter
from vaex.training.early_stopping import settled
from vaex.training.state import TrainState


class Chunk(Protocol):
    """What the loop, or a member of a population, has done since the last time."""

    @property
    def state(self) -> TrainState: ...
    @property
    def step(self) -> int: ...
    @property
    def metrics(self) -> dict[str, np.ndarray]: ...
    @property
    def skipped(self) -> tuple[int, ...]: ...


class Session:
    """One run between two saves: everything but the computation of its steps.

    As a context it writes what the log still holds and waits for checkpoints.

    Args:
      setup: of the run.
      at: where it starts; what is done is entered here.
      thread: where checkpoints are saved, if many runs share it.

    Attributes:
      at: where it is.
      score: what early stopping goes by, of the last look; higher is better.
    """

    def __init__(
        self, setup: Setup, at: Position, thread: ThreadPoolExecutor | None = None
    ):
        self._thread = thread
        self.score: float | None = at.stopping.best
        self._setup, self.at = setup, at
        self._before, self._started = at.seconds, time.perf_counter()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        setup = self._setup
        folder = setup.directory.checkpoints
        writer = CheckpointWriter(folder, setup.saving, _console.say, self._thread)
        self._writer = self._stack.enter_context(writer)
        self._log = self._stack.enter_context(
            MetricsLog(
                setup.directory,
                setup.trainer.log_every,
                setup.order.steps_per_epoch,
                self.at.metrics,
                setup.views,
            )
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def is_over(self) -> bool:
        """Whether the run has no steps left, or its patience has run out."""
        return self.at.step == self._setup.num_steps or self.at.stopping.is_over

    @property
    def looks_now(self) -> bool:
        """Whether held-out data are looked at at this step."""
        setup = self._setup
        return setup.trainer.looks_at(self.at.step, setup.order.steps_per_epoch)

    def take(self, chunk: Chunk) -> Mapping[str, np.ndarray]:
        """Enters what a chunk did.

        Returns:
          Its metrics, in nats of the data as they are stored.
        """
        at = self.at
        at.step = chunk.step
        at.skipped += chunk.skipped
        at.too_long += int(np.nansum(chunk.metrics.get("skipped", 0)))
        metrics = in_data_units(chunk.metrics, self._setup.log_det)
        self._log.add(chunk.step, metrics)
        self._chunk = chunk
        return metrics

    def look(self, held_out: Mapping[str, float]) -> None:
        """Enters held-out estimates of the state after the last chunk."""
        at, setup = self.at, self._setup
        self._log.add_estimate(at.step, setup.estimator.held_out, held_out)
        now, self.score = settled(setup.parts.experiment, at.step), _score(held_out)
        at.stopping = at.stopping.update(at.step, self.score, settled=now)
        if at.stopping.best_step == at.step:
            at.best = self._chunk

    def save_if_due(self) -> None:
        """Saves where the configuration says so."""
        if self._writer.is_due(self.at.step):
            self._settle()
            self._save()

    def end(self) -> None:
        """Saves the last position, and what is left in the log where it is the end."""
        if self.is_over:
            self._log.flush()
        self._settle()
        self._save()

    def finish(self) -> None:
        """Waits for the last checkpoint.

        Raises:
          vaex.errors.RunError: if it could not be saved.
        """
        self._writer.finish()

    def _settle(self) -> None:
        self.at.seconds = self._before + time.perf_counter() - self._started
        self.at.metrics = self._log.cursor()

    def _save(self) -> None:
        at = self.at
        at.state = self._chunk.state
        self._writer.save(at.step, at.state, at.record(), at.best_to_save())


def _score(held_out: Mapping[str, float]) -> float:
    """What early stopping and the best checkpoint go by; higher is better."""
    if "elbo" in held_out:
        return held_out["elbo"]
    losses = [
        held_out[k] for k in ("reconstruction_loss", "distortion") if k in held_out
    ]
    return -losses[0] if losses else float("nan")
