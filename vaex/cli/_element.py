"""Some jobs of a sweep in a process of their own: python -m vaex.cli._element FILE."""

import contextlib
import os
import pickle
import signal
import sys
import threading
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from vaex.cli._jobs import Job
from vaex.io.atomic import write_json


@dataclass(frozen=True)
class Element:
    """Jobs that one process trains; what becomes of each is told by its run directory.

    Attributes:
      jobs: composed.
      folder: working directory of the line, which relative paths begin at.
      reasons: file for why jobs failed that their directories do not tell of, as
        those that go on with another's run: number -> reason.
      most: members of one program at the most.
      share: of the machine's memory.
    """

    jobs: tuple[Job, ...]
    folder: str
    reasons: Path
    most: int | None = None
    share: float = 1.0

    def __call__(self) -> None:
        """Trains them.

        Where a batch system warns that time is nearly up (a user signal, which its
        handler was set for before), everything is saved first, and then the handler has
        its way: submitit's has the element put in the queue again.

        Raises:
          vaex.cli._signals.Interrupted: if told to stop; everything done is saved.
        """
        from vaex.cli._signals import Interrupted, StopRequest, stop_request

        StopRequest.is_patient = True  # batch systems send several
        try:
            with stop_request():
                warnings = _saves_when_warned()
                try:
                    self._train()
                except Interrupted:
                    for handler, number in warnings:
                        handler(number, None)
                    raise
        finally:
            StopRequest.is_patient = False

    def _train(self) -> None:
        from vaex.cli._cache import use_compilation_cache
        from vaex.cli._here import Here, groups_of
        from vaex.cli._sweeping import conclude
        from vaex.cli.main import _importable

        os.chdir(self.folder)
        use_compilation_cache()
        jobs = list(self.jobs)
        with _importable(self.folder):
            Here(self.most, self.share).run(groups_of(jobs))
        failed = {job.number: job.reason for job in jobs if job.state == "failed"}
        write_json(self.reasons, failed)
        conclude(jobs)

    def checkpoint(self) -> Any:
        """What submitit puts in the queue again: jobs go on from what they saved."""
        return import_module("submitit.helpers").DelayedSubmission(self)


def _saves_when_warned() -> list[tuple[Any, int]]:
    """Has user signals with a handler save first.

    Returns:
      Handlers, with their signals, of those that came; they are to be called when
      everything is saved.
    """
    came: list[tuple[Any, int]] = []

    def warned(handler: Any, number: int) -> None:
        if not came:
            came.append((handler, number))
            os.kill(os.getpid(), signal.SIGTERM)

    for number in (signal.SIGUSR1, signal.SIGUSR2):
        handler = signal.getsignal(number)
        if callable(handler):
            signal.signal(number, lambda n, frame, h=handler: warned(h, n))
    return came


def main(argv: list[str]) -> int:
    """Trains the element of a file, by some cores if they are named after it.

    Standard input is a pipe from who started it: when that is gone, so are we.
    """
    if argv[1:] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, map(int, argv[1].split(",")))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        pickle.loads(Path(argv[0]).read_bytes())()
    except KeyboardInterrupt as stop:
        print(f"interrupted; {stop}", flush=True)
        return getattr(stop, "code", 130)
    except Exception as error:
        from vaex.cli.main import _report

        return _report(error)
    return 0


def _end_with_parent() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 64):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
