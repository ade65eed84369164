"""One pass over a mapped file: its digest, and what its values are."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vaex.data._stored import is_levels
from vaex.data.keeping import kept
from vaex.data.telling import told

_BLOCK = 1 << 20  # elements at a time: 8 MB of float64 at most


class Facts(NamedTuple):
    """What a pass over an array in a file found.

    Attributes:
      sha256: hexadecimal, of the file's bytes.
      is_levels: whether all values are integers from 0 to 255.
      top: the largest, for levels.
      bad: how many values are not finite in float32.
      first: place of the first of these in the flattened array; 0 where there is none.
    """

    sha256: str
    is_levels: bool
    top: int
    bad: int
    first: int


def facts(path: Path, array: np.ndarray) -> Facts:
    """The facts of a file; kept for as long as the file stays as it is.

    That is told by its path, size, time of change and number (inode).

    Args:
      path: of the file.
      array: all that follows its header, mapped; of a numeric dtype, C-contiguous.
    """
    path = path.resolve()
    stat = path.stat()
    key = ["facts", 1, str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino]
    found = kept(key, lambda: _scanned(path, array))
    return Facts(
        sha256=str(found["sha256"]),
        is_levels=bool(found["is_levels"]),
        top=int(found["top"]),
        bad=int(found["bad"]),
        first=int(found["first"]),
    )


def _scanned(path: Path, array: np.ndarray) -> dict[str, np.ndarray]:
    flat = array.reshape(-1)
    with path.open("rb") as stream:
        digest = hashlib.sha256(stream.read(path.stat().st_size - flat.nbytes))
    all_levels, top, bad, first = True, 0, 0, 0
    what = f"looking through {path} once"
    for start in told(range(0, flat.size, _BLOCK), what):
        block = flat[start : start + _BLOCK]
        digest.update(block.view(np.uint8).data)
        all_levels = all_levels and is_levels(block)
        top = max(top, int(block.max())) if all_levels else 0
        with np.errstate(over="ignore"):
            wrong = ~np.isfinite(block.astype(np.float32))
        if not bad and wrong.any():
            first = start + int(np.argmax(wrong))
        bad += int(np.count_nonzero(wrong))
    return {
        "sha256": np.array(digest.hexdigest()),
        "is_levels": np.array(all_levels),
        "top": np.array(top),
        "bad": np.array(bad),
        "first": np.array(first),
    }
