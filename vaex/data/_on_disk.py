"""Mapped files in the form that a data set has them, every value looked at once."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vaex.data._checks import wrong_value
from vaex.data._maps import files_of, mapped
from vaex.data._scan import Facts, facts
from vaex.data._stored import NOT_FINITE, require_numbers
from vaex.data.rows import Rows


class OnDisk(NamedTuple):
    """Arrays [N_i, *E] one after the other, and what they are.

    Attributes:
      parts: mapped.
      dtype: that they are stored as, in the sense of a data set: uint8 or float32.
      num_levels: for uint8.
    """

    parts: list[np.ndarray]
    dtype: type[np.generic]
    num_levels: int | None

    def rows(self, order: np.ndarray | None = None) -> Rows:
        """These rows of them; all, where there is no order."""
        return Rows(self.parts, order, self.dtype)


def digests(path: Path) -> tuple[str, ...]:
    """SHA-256 of the file, or of each file of the folder."""
    return tuple(facts(file, mapped(file)).sha256 for file in files_of(path))


def on_disk(path: Path, shaped: Callable[[np.ndarray], np.ndarray]) -> OnDisk:
    """Maps a file, or the files of a folder.

    Args:
      path: of it.
      shaped: an array as it lies -> [N_i, *E], the same memory.

    Raises:
      InputError: if a file cannot be mapped, they differ, one does not hold numbers,
        or a value is not finite in float32.
    """
    files = files_of(path)
    arrays = [mapped(file) for file in files]
    parts = [shaped(array) for array in arrays]
    for file, part in zip(files, parts, strict=True):
        require_numbers(str(file), part)
    Rows(parts)  # that they are alike
    found = [facts(file, a) for file, a in zip(files, arrays, strict=True)]
    if all(one.is_levels for one in found):
        top = max(one.top for one in found)
        return OnDisk(parts, np.uint8, max(top, 1) + 1)
    for file, part, one in zip(files, parts, found, strict=True):
        _require_finite(file, part, one)
    return OnDisk(parts, np.float32, None)


def _require_finite(file: Path, part: np.ndarray, one: Facts) -> None:
    if not one.bad:
        return
    cell = [int(i) for i in np.unravel_index(one.first, part.shape)]
    value = part[tuple(cell)]
    raise wrong_value(f"{file}: x", value, cell, one.bad, (), *NOT_FINITE)
