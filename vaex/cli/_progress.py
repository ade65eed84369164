"""Progress: a bar with ETA and live nats, plain lines when not a terminal."""

import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from vaex.io.run_directory import RunDirectory
from vaex.tracking.views import Views

PLAIN_SECONDS = 5.0
"""Seconds between plain lines."""


class CountProgress:
    """Counts up to a total.

    Args:
      total: what is counted to.
      label: what is being done.
    """

    def __init__(self, total: int, label: str):
        self._total, self._label = total, label
        self._last = time.perf_counter()
        self._first: tuple[float, int] | None = None
        self._bar: Progress | None = None
        if Console().is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=12),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[live]}"),
            )
            self._task = self._bar.add_task(label, total=total, live="")

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, done: int, live: str = "") -> None:
        """Shows how far it is and the live values."""
        now = time.perf_counter()
        if self._first is None:
            self._first = (now, done)  # until here it compiled
        if self._bar:
            self._bar.update(self._task, completed=done, live=live)
            return
        if now - self._last < PLAIN_SECONDS:
            return
        self._last = now
        started, before = self._first
        text = f"{self._label}: {done}/{self._total}"
        if done > before:
            left = (now - started) * (self._total - done) / (done - before)
            text += f", about {left:.0f} s left"
        print(f"{text}{', ' if live else ''}{live}", flush=True)


class TrainingProgress(CountProgress):
    """Steps done, with nats per example and thousands of examples a second.

    Args:
      num_steps: of the run.
      batch_size: for examples a second.
    """

    def __init__(self, num_steps: int, batch_size: int):
        super().__init__(num_steps, "training")
        self._batch_size = batch_size
        self._held_out = ""

    def advance(self, done: int, metrics: Mapping[str, np.ndarray]) -> None:
        """Shows the averages of the last chunk."""
        shown = "elbo" if "elbo" in metrics else "loss"
        unit = " nats" if shown == "elbo" else ""
        live = f"{shown} {_mean(metrics[shown]):.2f}{unit}{self._held_out}"
        now = time.perf_counter()
        if self._first is not None and now > self._first[0]:
            rate = (done - self._first[1]) / (now - self._first[0])
            live += f", {rate * self._batch_size / 1000:.1f}k/s"
        self.update(done, live)

    def note(self, held_out: Mapping[str, float]) -> None:
        """Keeps a held-out estimate on show."""
        shown = "elbo" if "elbo" in held_out else "reconstruction_loss"
        if shown in held_out:
            self._held_out = f", held-out {held_out[shown]:.2f}"


class MetricsLog:
    """Averages steps into rows of metrics.jsonl, whatever the chunks were.

    As a context it writes what is left at the end, also where training stopped
    early; such a row ends where no other attempt's does, and views do not hear it.

    Args:
      directory: of the run.
      every: steps in a row.
      steps_per_epoch: for the epoch column.
      resumed: what `cursor` said when the run was saved.
      views: told every row that was written.
    """

    def __init__(
        self,
        directory: RunDirectory,
        every: int,
        steps_per_epoch: int,
        resumed: Mapping[str, Any] | None = None,
        views: Views | None = None,
    ):
        self._directory, self._every, self._views = directory, every, views
        self._steps_per_epoch = steps_per_epoch
        found = resumed or {"step": 0, "pending": {}}
        self._step: int = found["step"]
        self._pending = {k: _unpacked(v) for k, v in found["pending"].items()}

    def cursor(self) -> dict[str, Any]:
        """How far the file is and what has yet to be written, as JSON."""
        pending = {name: _packed(values) for name, values in self._pending.items()}
        size = self._directory.metrics_size
        return {"bytes": size, "step": self._step, "pending": pending}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._views = None
        self.flush()

    def add(self, step: int, metrics: Mapping[str, np.ndarray]) -> None:
        """Takes the metrics of all steps since the last call, up to `step`."""
        for name, values in metrics.items():
            before = self._pending.get(name, np.zeros(0, np.float32))
            self._pending[name] = np.concatenate([before, values])
        start, self._step = self._step, step
        first = start - start % self._every + self._every
        self._append(self._taken(range(first, step + 1, self._every)))

    def add_estimate(self, step: int, split: str, values: Mapping[str, float]) -> None:
        """Writes a row of held-out estimates."""
        self._append([*self._left(), self._row(step, split) | dict(values)])

    def flush(self) -> None:
        """Writes what is left as a shorter row."""
        self._append(self._left())

    def _left(self) -> list[dict[str, Any]]:
        if self._pending and len(next(iter(self._pending.values()))):
            return self._taken([self._step])
        return []

    def _taken(self, ends: Iterable[int]) -> list[dict[str, Any]]:
        """Rows that end at these steps, whose values are held no more."""
        rows = []
        for end in ends:
            length = len(next(iter(self._pending.values()))) - (self._step - end)
            head = {k: v[:length] for k, v in self._pending.items()}
            self._pending = {k: v[length:] for k, v in self._pending.items()}
            means = {k: _mean(v) for k, v in head.items()}
            rows.append(self._row(end, "train") | means)
        return rows

    def _append(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        self._directory.append_metrics(rows)
        if self._views:
            self._views.rows(rows)

    def _row(self, step: int, split: str) -> dict[str, Any]:
        epoch = step / self._steps_per_epoch
        return {"step": step, "epoch": round(epoch, 4), "split": split}


def _mean(values: np.ndarray) -> float:
    """Mean of the steps that were not skipped, whose metrics are NaN."""
    known = values[~np.isnan(values)]
    return float((known if len(known) else values).mean(dtype=np.float64))


def _packed(values: np.ndarray) -> str:
    """Float32 values as text, every bit of them."""
    return values.astype("<f4").tobytes().hex()


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text), "<f4").astype(np.float32)
