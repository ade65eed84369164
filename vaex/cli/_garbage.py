"""Python's search for garbage, which a start does without.

What a start makes lives on: modules, configurations, traced programs. Looking through
all of it again and again took an eighth of its time.
"""

import contextlib
import gc
from collections.abc import Iterator

_off = {"is": False}
"""Whether it was put off; of a process, as the collector is."""


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """No collections while this lasts, or until `take_up`."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    _off["is"] = True
    try:
        yield
    finally:
        take_up()


def take_up() -> None:
    """Collections from here on, if they were put off.

    What there is counts as old at once, and is not looked through before the next
    collection of everything.
    """
    if _off["is"]:
        _off["is"] = False
        gc.freeze()
        gc.unfreeze()
        gc.enable()
