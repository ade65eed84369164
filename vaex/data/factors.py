"""The factors that data were made from, where they are known."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vaex.errors import InputError


@dataclass(frozen=True, eq=False)
class Factors:
    """What each example was made from: F discrete factors of variation.

    They belong to a `vaex.data.dataset.Dataset` beside its splits, not in them: no
    batch holds them, and training does not know of them.

    Attributes:
      names: of the F factors.
      sizes: how many values each takes.
      values: split -> [N, F] int32, from 0 to size - 1, a row for each of the split's.

    Raises:
      InputError: if names, sizes and values do not agree.

    >>> values = {"train": np.array([[0, 2], [1, 0]], np.int32)}
    >>> Factors(("shape", "scale"), (2, 3), values).values["train"].shape
    (2, 2)
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    values: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        if not self.names or len(set(self.names)) != len(self.names):
            raise InputError(
                f"factors need a name each, no two alike, got {self.names}"
            )
        if len(self.sizes) != len(self.names) or min(self.sizes) < 2:
            raise InputError(
                f"sizes must be 2 or more for each of {self.names}, got {self.sizes}; "
                "leave out a factor that does not vary"
            )
        for split, values in self.values.items():
            self._check(split, values)

    def _check(self, split: str, values: np.ndarray) -> None:
        width = len(self.names)
        if values.dtype != np.int32 or values.ndim != 2 or values.shape[1] != width:
            raise InputError(
                f"factors of split {split!r} must be [N, {width}] of int32, got shape "
                f"{values.shape} of {values.dtype}"
            )
        bad = (values < 0) | (values >= np.array(self.sizes))
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise InputError(
                f"factors of split {split!r}: {self.names[column]} must hold the "
                f"integers 0 to {self.sizes[column] - 1}, got {values[row, column]} at "
                f"row {row} (counted from 0; {int(bad.sum())} such values in all)"
            )
