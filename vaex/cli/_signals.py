"""SIGTERM and ctrl-C: first save, then stop."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)

GOES_ON = "the same line again goes on from the newest checkpoint"


class Interrupted(KeyboardInterrupt):
    """The run was told to stop, and what was done is kept.

    Args:
      number: of the signal.
      message: for the user.

    Attributes:
      code: exit status, 128 and the signal's number.
    """

    def __init__(self, number: int, message: str = GOES_ON):
        super().__init__(message)
        self.code = 128 + number


class StopRequest:
    """Signals of a run, noted for it to look at between what must not be torn.

    The first one raises nothing: it could come anywhere, and an exception out of a
    library's callback is lost (JAX has one for each collection of garbage, which took
    7 % of those sent to a starting process of a sweep), one out of an import is another
    error.

    Attributes:
      number: the signal that asked to stop, None so far.
      is_patient: a second signal is no other than the first, where no person sends
        them.
    """

    is_patient = False

    def __init__(self) -> None:
        self.number: int | None = None

    def check(self) -> None:
        """Stops, if that was asked for.

        Raises:
          Interrupted: then.
        """
        if self.number is not None:
            raise Interrupted(self.number)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None and not self.is_patient:
            raise Interrupted(number)
        self.number = self.number or number
        name = signal.Signals(number).name
        hint = "" if self.is_patient else "; once more to stop at once"
        # It may have come in the middle of another print, or to one nobody reads.
        with contextlib.suppress(RuntimeError, OSError):
            print(f"\n{name}: saving{hint}", flush=True)


_requests: list[StopRequest] = []
"""The one that is open, if any; of a process, as its signals are."""


@contextlib.contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Receives the signals, where this is the main thread, and lets go afterwards.

    Within another it is that one: who was told to stop stops whatever is begun next.
    """
    if threading.current_thread() is not threading.main_thread():
        yield StopRequest()
        return
    if _requests:
        yield _requests[-1]
        return
    request = StopRequest()
    before: dict[int, Any] = {}
    _requests.append(request)
    try:
        for number in SIGNALS:
            before[number] = signal.signal(number, request._receive)
        yield request
    finally:
        _requests.pop()
        for number, handler in before.items():
            signal.signal(number, handler)
