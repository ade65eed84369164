"""Files that are either whole or not there."""

import json
import os
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> Path:
    """Writes a text file by way of a temporary one and a rename.

    Raises:
      OSError: if the folder cannot be written or the disk is full; an earlier file
        of this name is then untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_json(path: Path, value: Any) -> Path:
    r"""Writes JSON atomically; NaN and infinity are refused.

    >>> import tempfile
    >>> write_json(Path(tempfile.mkdtemp()) / "a.json", {"x": 1}).read_text()
    '{\n  "x": 1\n}\n'
    """
    return write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")
