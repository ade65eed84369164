"""One process in a run directory at a time."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from vaex.errors import InputError

NAME = ".lock"


class InUse(InputError):
    """Another process holds the lock."""


@contextlib.contextmanager
def locked(folder: Path, holder: str = "another process") -> Iterator[None]:
    """Holds a folder's lock; the system lets go of it when the process ends, however.

    Where the file system has no locks there is none.

    Args:
      folder: of the run; made if it is not there.
      holder: who else may hold it, for the message.

    Raises:
      InUse: if another process holds it.
      OSError: if the folder cannot be written.

    >>> import tempfile
    >>> with locked(Path(tempfile.mkdtemp())):
    ...     pass
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / NAME, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InUse(
            f"{folder} is in use by {holder}; wait until it is done, or stop it"
        ) from error
    except NotImplementedError:
        yield
        return
    try:
        yield
    finally:
        lock.release()
