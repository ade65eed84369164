"""Files that are either whole or not there."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes a name when it is whole.

    Args:
      path: the name.

    Raises:
      OSError: if the folder cannot be written or the disk is full, with the file's
        name; an earlier file of this name is then untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Writes a text file by way of a temporary one and a rename.

    Raises:
      OSError: as of `replacing`.
    """
    with replacing(path) as file:
        file.write(text.encode())
    return path


def write_json(path: Path, value: Any) -> Path:
    r"""Writes JSON atomically; NaN and infinity are refused.

    >>> import tempfile
    >>> write_json(Path(tempfile.mkdtemp()) / "a.json", {"x": 1}).read_text()
    '{\n  "x": 1\n}\n'
    """
    return write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")
