"""Checkpoints written beside the training, the newest and the best kept."""

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vaex.errors import InputError, NotSaved, RunError
from vaex.io import checkpoint
from vaex.io.checkpoint_config import CheckpointConfig


class CheckpointWriter:
    """Saves checkpoints in a thread of its own, one at a time, and tidies up.

    A save that fails, on a full disk for instance, is told to `say` and leaves the
    earlier checkpoints; the next one is tried as usual. As a context it waits for what
    is under way.

    Args:
      folder: checkpoints of a run.
      config: when, and how many are kept.
      say: is told of failures.
      thread: where to save, if many writers share it; this one's own otherwise.
    """

    def __init__(
        self,
        folder: Path,
        config: CheckpointConfig,
        say: Callable[[str], None],
        thread: ThreadPoolExecutor | None = None,
    ):
        self._folder, self._config, self._say = folder, config, say
        self._is_shared = thread is not None
        self._thread = thread or ThreadPoolExecutor(1, "checkpoint")
        self._pending: Future[None] | None = None
        self._error: Exception | None = None
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._join()
        if not self._is_shared:
            self._thread.shutdown()

    def is_due(self, step: int) -> bool:
        """Whether a checkpoint is to be saved after this step."""
        every, minutes = self._config.every_steps, self._config.every_minutes
        if every is not None and step % every == 0:
            return True
        return minutes is not None and time.monotonic() - self._last >= 60 * minutes

    def save(
        self,
        step: int,
        state: Any,
        record: Mapping[str, Any],
        best: tuple[int, Any] | None = None,
    ) -> None:
        """Begins to save a state, which must not be donated before it is saved.

        Args:
          step: the checkpoint's name.
          state: tree of arrays.
          record: what else belongs to it, as JSON.
          best: step and state of the best so far; saved before the other where it
            was not yet.
        """
        self._join()
        self._last = time.monotonic()
        self._pending = self._thread.submit(self._save, step, state, record, best)

    def finish(self) -> None:
        """Waits for the last save.

        Raises:
          RunError: if it failed; NotSaved where the disk was the reason.
        """
        self._join()
        if self._error is not None:
            # Of a disk or of a library: with one of them the run has nothing to do.
            kind = NotSaved if isinstance(self._error, OSError) else RunError
            raise kind(
                f"the checkpoint could not be saved: {reason(self._error)}; make room "
                "and run the same line again: it goes on from the last one"
            ) from self._error

    def _save(
        self,
        step: int,
        state: Any,
        record: Mapping[str, Any],
        best: tuple[int, Any] | None,
    ) -> None:
        kept: Collection[int] = ()
        if best is not None and best[0] != step:
            kept = (best[0],)
            if not (self._folder / str(best[0]) / "manifest.json").is_file():
                checkpoint.save(self._folder, *best, record={"is_resumable": False})
        checkpoint.save(self._folder, step, state, record)
        self._tidy(step, kept)

    def _tidy(self, step: int, kept: Collection[int]) -> None:
        """Keeps the newest that a run can go on from, and the best."""
        paths = checkpoint.complete(self._folder)
        able = [int(p.name) for p in paths if is_resumable(p) and int(p.name) <= step]
        checkpoint.tidy(self._folder, {*able[: self._config.keep], *kept})

    def _join(self) -> None:
        if self._pending is None:
            return
        self._error = self._pending.exception()  # type: ignore[assignment]
        self._pending = None
        if self._error is not None:
            self._say(
                f"warning: a checkpoint could not be saved: {reason(self._error)}; "
                "training goes on"
            )


def is_resumable(path: Path) -> bool:
    """Whether a run can go on from a checkpoint; False where it is damaged."""
    try:
        return checkpoint.record_of(path).get("is_resumable", True)
    except InputError:
        return False


def reason(error: BaseException) -> str:
    """An error in one line."""
    text = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {text[0]}" if text[0] else type(error).__name__
