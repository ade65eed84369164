"""Python's search for garbage: none while a command starts, and rarely then.

What a start makes lives on: modules, configurations, traced programs. Looking through
all of it again and again took an eighth of its time. What is made later lives on or is
freed at once, but for some cycles.
"""

import contextlib
import gc
from collections.abc import Iterator

THRESHOLDS = (50_000, 20, 20)
"""New objects before a collection; collections of an age before one of the next."""

_off = {"is": False}
"""Whether it was put off; of a process, as the collector is."""


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """No collections while this lasts, or until `take_up`; then all is as it was."""
    if not gc.isenabled():
        yield
        return
    before = gc.get_threshold()
    gc.disable()
    _off["is"] = True
    try:
        yield
    finally:
        take_up()
        gc.set_threshold(*before)


def take_up() -> None:
    """Collections from here on, one in 50,000 new objects, if they were put off.

    What there is counts as old at once, and is not looked through before the next
    collection of everything.
    """
    if _off["is"]:
        _off["is"] = False
        gc.freeze()
        gc.unfreeze()
        gc.set_threshold(*THRESHOLDS)
        gc.enable()
