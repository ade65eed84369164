"""Progress that is not shown."""

import contextlib
from collections.abc import Iterator


class Unseen:
    """A count that nobody sees."""

    def update(self, done: int, live: str = "") -> None:
        """Takes what `CountProgress` takes."""


@contextlib.contextmanager
def no_progress(total: int, label: str) -> Iterator[Unseen]:
    """In the place of `vaex.cli._progress.CountProgress`.

    >>> with no_progress(3, "counting") as progress:
    ...     progress.update(1)
    """
    del total, label
    yield Unseen()
