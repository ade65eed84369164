"""Reading bytes from a file, gzipped or not, with one clear error."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from vaex.errors import InputError

ADVICE = "delete it and get it again"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A binary stream of the file's content, decompressed where it ends in .gz.

    Raises:
      InputError: if the file is absent, empty, unreadable, truncated or damaged,
        also when that shows only while it is read.
    """
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}; check the path (now in {Path.cwd()})")
    try:
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty (0 bytes); {ADVICE}")
        compressed = path.suffix == ".gz"
        with gzip.open(path) if compressed else path.open("rb") as stream:
            yield cast(IO[bytes], stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} is truncated or damaged ({error}); {ADVICE}"
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def content(path: Path) -> bytes:
    """Everything in the file, decompressed where it ends in .gz."""
    with opened(path) as stream:
        return stream.read()
