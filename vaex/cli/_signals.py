"""SIGTERM and ctrl-C: first save, then stop."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(KeyboardInterrupt):
    """The run was told to stop, and what was done is kept.

    Attributes:
      code: exit status, 128 and the signal's number.
    """

    def __init__(self, message: str, number: int):
        super().__init__(message)
        self.code = 128 + number


class StopRequest:
    """Signals of a run: noted while it is `deferred`, else raised at once.

    Attributes:
      number: the signal that asked to stop, None so far.
      is_patient: a second signal while deferred is no other than the first, where no
        person sends them.
    """

    is_patient = False

    def __init__(self) -> None:
        self.number: int | None = None
        self._is_deferred = False

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """While this lasts the first signal is noted only; a second one stops."""
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._is_deferred and (self.number is None or self.is_patient):
            self.number = self.number or number
            name = signal.Signals(number).name
            hint = "" if self.is_patient else "; once more to stop at once"
            print(f"\n{name}: saving{hint}", flush=True)
            return
        raise Interrupted("", number)


@contextlib.contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Receives the signals, where this is the main thread, and lets go afterwards."""
    request = StopRequest()
    before: dict[int, Any] = {}
    try:
        for number in SIGNALS:
            with contextlib.suppress(ValueError):  # not the main thread
                before[number] = signal.signal(number, request._receive)
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
