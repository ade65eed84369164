"""A line on standard error where going through data takes long."""

import sys
import time
from collections.abc import Iterator

EVERY = 10.0
"""Seconds between two lines."""


def told(starts: range, what: str) -> Iterator[int]:
    """The same starts of blocks; says now and then how far it is.

    >>> list(told(range(0, 5, 2), "reading"))
    [0, 2, 4]
    """
    last = time.monotonic()
    for number, start in enumerate(starts):
        if time.monotonic() - last > EVERY:
            last = time.monotonic()
            share = 100 * number // len(starts)
            sys.stderr.write(f"{what}: {share} % done\n")
        yield start
