"""A data set of the user's own, from one file."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from vaex.data._members import Arrays, members, without_columns
from vaex.data._split import checked_seed, shuffled_split
from vaex.data._stored import stored_form, stored_label, stored_weight
from vaex.data._streams import opened
from vaex.data.dataset import Dataset
from vaex.data.formats import read_array
from vaex.data.remote_file import sha256_of
from vaex.data.source import Source
from vaex.errors import InputError


@dataclass(frozen=True)
class ArrayFile(Source):
    """An array in a .npy, .npz, .csv, idx, .mat or .amat file.

    Values that are all integers from 0 to 255 are levels (uint8, `num_levels` the
    largest + 1, 2 at least); all others are real (float32). An array [N, H, W, 1]
    becomes [N, H, W] (a last axis of size 1 makes compiled code many times slower)
    and [N] becomes [N, 1]. The rows are split by `RandomState(seed)`, unless the
    file holds x_train and x_test (or X_train and X_test).

    Attributes:
      path: relative to the working directory.
      key: the array's name in a .npz or .mat file; None: "X", "x", or the only one.
      label: the labels' name there, or a column of a .csv (its name, or its number
        from 0 where there is no header); None: "y" if it is there and holds one
        integer for each row. With x_train and x_test: "y" for y_train and y_test.
      weight: the name there, or the column, of what each row counts in training: not
        negative, 0 leaves a row out; None: all alike. With x_train and x_test: "w"
        for w_train and w_test. Held-out results are plain means over rows.
      test_fraction: of the rows, between 0 and 1.
      seed: of the split.
      event_shape: to reshape every example to; None: as it is.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/a.npy", np.arange(40.0).reshape(20, 2) / 8)
    ...     data = ArrayFile(f"{folder}/a.npy").load()
    >>> data.splits["train"]["x"].shape, data.num_levels
    ((18, 2), None)
    """

    name: ClassVar[str] = "array"
    about: ClassVar[str] = "your own file: .npy, .npz, .csv, idx, .mat or .amat"

    path: str
    key: str | None = None
    label: str | int | None = None
    weight: str | int | None = None
    test_fraction: float = 0.1
    seed: int = 0
    event_shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        checked_seed(self.seed)
        fraction = self.test_fraction
        if not isinstance(fraction, int | float) or not 0 < fraction < 1:
            raise InputError(
                f"test_fraction must lie between 0 and 1, got {fraction!r}; pass the "
                "part of the rows to test on, 0.1"
            )
        if self.event_shape is None:
            return
        shape = tuple(self.event_shape)
        if not shape or not all(isinstance(size, int) and size > 0 for size in shape):
            raise InputError(
                f"event_shape must hold positive integers, got {shape}; pass None to "
                "leave the shape as it is"
            )
        object.__setattr__(self, "event_shape", shape)

    @property
    def _file(self) -> Path:
        return Path(self.path).expanduser()

    @property
    def _label(self) -> str | None:
        return None if self.label is None else str(self.label)

    @property
    def _weight(self) -> str | None:
        return None if self.weight is None else str(self.weight)

    def fingerprints(self) -> tuple[str, ...]:
        """The digest of the file's bytes."""
        with opened(self._file):  # says what is wrong with the path
            return (sha256_of(self._file),)

    def arguments(self) -> dict[str, object]:
        """All but the path: the same bytes elsewhere are the same data."""
        rest = {**super().arguments(), "path": None, "label": self._label}
        # Runs without weights are named as they were before there were any.
        without = rest.pop("weight") is None
        return rest if without else {**rest, "weight": self._weight}

    def load(self) -> Dataset:
        """Reads the file and, unless it is split already, splits it."""
        arrays, columns = read_array(self._file), ()
        label, weight = self._label, self._weight
        if ".csv" in self._file.suffixes:
            taken = {"label": label, "weight": weight}
            arrays, columns = without_columns(arrays, taken, self.path)
            label, weight = label and "label", weight and "weight"
        if self.event_shape is not None:
            columns = ()
        found = members(arrays, self.key, label, self.path, weight)
        stored, num_levels = self._stored(found, columns)
        if "all" in stored:
            rows = len(stored["all"]["x"])
            if rows < 2:
                raise InputError(
                    f"{self.path} must hold two rows at least, to be split, got {rows}"
                )
            num_test = min(max(1, round(rows * self.test_fraction)), rows - 1)
            stored = shuffled_split(stored["all"], num_test, self.seed)
        name = Path(self._file.name.removesuffix(".gz")).stem
        return Dataset(name, stored, num_levels, self.checksum(), columns)

    def _stored(
        self, found: dict[str, Arrays], columns: tuple[str, ...]
    ) -> tuple[dict[str, Arrays], int | None]:
        """The same arrays shaped and typed as a data set wants them."""
        shaped = {
            self.path if part == "all" else f"{self.path} ({part})": self._shaped(
                arrays["x"]
            )
            for part, arrays in found.items()
        }
        typed, num_levels = stored_form(shaped, columns)
        stored = {part: {"x": x} for part, x in zip(found, typed, strict=True)}
        for part, arrays in found.items():
            if "weight" in arrays:
                rows = len(arrays["x"])
                stored[part]["weight"] = stored_weight(
                    arrays["weight"], rows, self.path
                )
            if "label" not in arrays:
                continue
            label = stored_label(arrays["label"], len(arrays["x"]))
            if label is not None:
                stored[part]["label"] = label
            elif self.label is not None:
                raise InputError(
                    f"label must hold one integer for each of the {len(arrays['x'])} "
                    f"rows of {self.path}, got {self.label!r} of shape "
                    f"{arrays['label'].shape} and dtype {arrays['label'].dtype}"
                )
        return stored, num_levels

    def _shaped(self, x: np.ndarray) -> np.ndarray:
        if x.ndim == 0:
            raise InputError(
                f"{self.path} must hold an array [N, ...] with a row for each example, "
                f"got the single number {x}"
            )
        if self.event_shape is not None:
            if math.prod(x.shape[1:]) != math.prod(self.event_shape):
                raise InputError(
                    f"event_shape must have as many elements as an example of "
                    f"{self.path}, got {self.event_shape} for {x.shape[1:]}"
                )
            return x.reshape(len(x), *self.event_shape)
        if x.ndim == 4 and x.shape[-1] == 1:
            return x[..., 0]
        return x[:, None] if x.ndim == 1 else x
