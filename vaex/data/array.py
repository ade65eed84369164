"""A data set of the user's own, from one file."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np

from vaex.data._maps import can_map
from vaex.data._members import Arrays, members, without_columns
from vaex.data._observed import observed
from vaex.data._on_disk import digests, on_disk
from vaex.data._split import checked_seed, shuffled_rows, shuffled_split
from vaex.data._stored import stored_form, stored_label, stored_weight
from vaex.data._streams import opened
from vaex.data.dataset import Dataset
from vaex.data.formats import read_array
from vaex.data.remote_file import sha256_of
from vaex.data.source import Source
from vaex.errors import InputError

AUTO_BYTES = 1 << 32
"""A file above 4 GiB stays on disk, unless it is said to be read."""


@dataclass(frozen=True)
class ArrayFile(Source):
    """An array in a .npy, .npz, .csv, idx, .mat or .amat file.

    Values that are all integers from 0 to 255 are levels (uint8, `num_levels` the
    largest + 1, 2 at least); all others are real (float32). An array [N, H, W, 1]
    becomes [N, H, W] (a last axis of size 1 makes compiled code many times slower)
    and [N] becomes [N, 1]. The rows are split by `RandomState(seed)`, unless the
    file holds x_train and x_test (or X_train and X_test).

    Data larger than memory stay on disk, memory-mapped, and training reads a window of
    rows ahead of the step: .npy and uncompressed idx files, and folders of .npy files
    that make up one array in the order of their names. Every value is looked at once,
    in blocks, and what was found is kept in the data folder (`vaex.data.files`) for as
    long as path, size, time of change and number of the file are the same. Memory
    holds 4 bytes for each row (12 while splitting), and as much again for each epoch's
    order. A run has the same bits, and the same name, either way. The file must stay
    as it is while a run reads it: one that is cut short ends the process.

    Attributes:
      path: relative to the working directory.
      key: the array's name in a .npz or .mat file; None: "X", "x", or the only one.
      label: the labels' name there, or a column of a .csv (its name, or its number
        from 0 where there is no header); None: "y" if it is there and holds one
        integer for each row. With x_train and x_test: "y" for y_train and y_test.
        Or a file of its own, .npy or idx, for any kind of `path`; it is read whole.
      weight: the name there, or the column, of what each row counts in training: not
        negative, 0 leaves a row out; None: all alike. With x_train and x_test: "w"
        for w_train and w_test. Or a file of its own. Held-out results are plain
        means over rows.
      mask: the name there of what is observed, [N, *E] of 1 and 0, or a file of its
        own; None: "mask", or mask_train and mask_test, if that is there.
      missing: NaN, and a cell of a .csv that is empty or says NA, nan, null, none or ?,
        is hidden by the mask; false refuses them.
      test_fraction: of the rows, between 0 and 1.
      seed: of the split.
      event_shape: to reshape every example to; None: as it is.
      memory_map: true leaves the array on disk, false reads it into memory, "auto"
        leaves it there if the file is above 4 GiB and can be mapped.

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
    mask: str | None = None
    missing: bool = False
    test_fraction: float = 0.1
    seed: int = 0
    event_shape: tuple[int, ...] | None = None
    memory_map: bool | str = "auto"

    def __post_init__(self) -> None:
        checked_seed(self.seed)
        fraction = self.test_fraction
        if not isinstance(fraction, int | float) or not 0 < fraction < 1:
            raise InputError(
                f"test_fraction must lie between 0 and 1, got {fraction!r}; pass the "
                "part of the rows to test on, 0.1"
            )
        if self.memory_map not in (True, False, "auto"):
            raise InputError(
                f"memory_map must be true, false or auto, got {self.memory_map!r}"
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
    def _is_mapped(self) -> bool:
        file = self._file
        if self.memory_map == "auto":
            is_large = file.is_file() and file.stat().st_size > AUTO_BYTES
            return file.is_dir() or (is_large and can_map(file))
        if not self.memory_map and file.is_dir():
            raise InputError(
                f"memory_map=false reads one file, got the folder {self.path}; leave "
                "it out"
            )
        return bool(self.memory_map)

    @property
    def _beside(self) -> dict[str, Path]:
        """The files of labels and weights, those that have one."""
        found = {"label": self._label, "weight": self._weight, "mask": self.mask}
        return {
            name: Path(value).expanduser()
            for name, value in found.items()
            if value is not None and can_map(value)
        }

    @property
    def _label(self) -> str | None:
        return None if self.label is None else str(self.label)

    @property
    def _weight(self) -> str | None:
        return None if self.weight is None else str(self.weight)

    def fingerprints(self) -> tuple[str, ...]:
        """The digests of the files' bytes, however they are read."""
        paths = list(self._beside.values())
        if not self._is_mapped:
            paths.insert(0, self._file)
        for path in paths:
            with opened(path):  # says what is wrong with the path
                pass
        rest = tuple(sha256_of(path) for path in paths)
        return digests(self._file) + rest if self._is_mapped else rest

    def arguments(self) -> dict[str, object]:
        """All but paths: the same bytes elsewhere are the same data, however read."""
        rest = {**super().arguments(), "path": None, "label": self._label}
        del rest["memory_map"]
        # Runs without these are named as they were before there were any.
        for name, value in (("weight", self._weight), ("mask", self.mask)):
            if rest.pop(name) is not None:
                rest[name] = value
        if not self.missing:
            del rest["missing"]
        rest.update(dict.fromkeys(self._beside, "a file"))
        return rest

    def load(self) -> Dataset:
        """Reads or maps the file and, unless it is split already, splits it."""
        name = Path(self._file.name.removesuffix(".gz")).stem
        if self._is_mapped:
            splits, num_levels = self._mapped()
            return Dataset(name, splits, num_levels, self.checksum())
        arrays, columns = read_array(self._file, missing=self.missing), ()
        label, weight, mask = self._names()
        if ".csv" in self._file.suffixes:
            if mask is not None:
                raise InputError(
                    f"mask must be a file of its own beside {self.path}, got {mask!r}; "
                    "or pass missing=true to hide empty cells"
                )
            taken = {"label": label, "weight": weight}
            arrays, columns = without_columns(arrays, taken, self.path)
            label, weight = label and "label", weight and "weight"
        if self.event_shape is not None:
            columns = ()
        found = members(arrays, self.key, label, self.path, weight, mask)
        if self._beside and "all" not in found:
            raise InputError(
                f"{next(iter(self._beside))} must be the name of arrays in "
                f"{self.path}, which is split already, got a file"
            )
        for part in found.values():
            part.update(self._read_beside())
        stored, num_levels = self._stored(found, columns)
        if "all" in stored:
            num_test = self._num_test(len(stored["all"]["x"]))
            stored = shuffled_split(stored["all"], num_test, self.seed)
        return Dataset(name, stored, num_levels, self.checksum(), columns)

    def _stored(
        self, found: dict[str, Arrays], columns: tuple[str, ...]
    ) -> tuple[dict[str, Arrays], int | None]:
        """The same arrays shaped and typed as a data set wants them."""
        names = {k: self.path if k == "all" else f"{self.path} ({k})" for k in found}
        shaped = {names[k]: self._shaped(part["x"]) for k, part in found.items()}
        masks = {
            names[k]: self._shaped(part["mask"])
            for k, part in found.items()
            if "mask" in part
        }
        filled, masks = observed(shaped, masks, missing=self.missing)
        typed, num_levels = stored_form(filled, columns)
        stored = {
            part: {"x": x, **self._typed(found[part], len(x))}
            for part, x in zip(found, typed, strict=True)
        }
        for part, mask in zip(stored.values(), masks.values(), strict=False):
            part["mask"] = mask
        return stored, num_levels

    def _typed(self, arrays: Arrays, rows: int) -> Arrays:
        """Label and weight, those that are there, as a data set wants them."""
        stored = {}
        if "weight" in arrays:
            stored["weight"] = stored_weight(arrays["weight"], rows, self.path)
        if "label" not in arrays:
            return stored
        label = stored_label(arrays["label"], rows)
        if label is not None:
            stored["label"] = label
        elif self.label is not None:
            raise InputError(
                f"label must hold one integer for each of the {rows} "
                f"rows of {self.path}, got {self.label!r} of shape "
                f"{arrays['label'].shape} and dtype {arrays['label'].dtype}"
            )
        return stored

    def _names(self) -> tuple[str | None, ...]:
        """Label, weight and mask where they name an array of the file or a column."""
        named = {"label": self._label, "weight": self._weight, "mask": self.mask}
        return tuple(None if k in self._beside else v for k, v in named.items())

    def _read_beside(self) -> Arrays:
        return {name: read_array(path)["x"] for name, path in self._beside.items()}

    def _num_test(self, rows: int) -> int:
        if rows < 2:
            raise InputError(
                f"{self.path} must hold two rows at least, to be split, got {rows}"
            )
        return min(max(1, round(rows * self.test_fraction)), rows - 1)

    def _mapped(self) -> tuple[dict[str, Arrays], int | None]:
        """The splits, x on disk."""
        if self.missing or self.mask is not None:
            raise InputError(
                f"missing and mask need {self.path} in memory, and it is mapped; pass "
                "memory_map=false"
            )
        for argument, name in zip(("label", "weight"), self._names(), strict=False):
            if name is not None:
                raise InputError(
                    f"{argument} must be a .npy or idx file of its own where "
                    f"{self.path} is mapped and holds x alone, got {name!r}"
                )
        if self.key is not None:
            raise InputError(
                f"key must name an array inside a file, got {self.key!r} where "
                f"{self.path} is mapped and holds one alone; leave it out"
            )
        disk = on_disk(self._file, self._shaped)
        total = len(disk.rows())
        beside = self._typed(self._read_beside(), total)
        rows = shuffled_rows(total, self._num_test(total), self.seed)
        splits: dict[str, Arrays] = {}
        for split, order in rows.items():
            splits[split] = {name: array[order] for name, array in beside.items()}
            splits[split] = {"x": cast(Any, disk.rows(order)), **splits[split]}
        return splits, disk.num_levels

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
