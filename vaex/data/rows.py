"""Rows of arrays that stay on disk: read when they are asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vaex.errors import InputError


class Rows:
    """Some rows of memory-mapped arrays, in some order: as an array, but not in memory.

    It has what the rest of vaex asks of an array of a data set: `len`, `shape`, `dtype`
    and rows by number or slice, which are read, and copied, when they are taken. In
    memory are 4 bytes a row (8 from 2^31 rows on); the pages of the files that the
    system keeps are its cache, and go when memory is needed. Rows are read in the order
    in which they lie in the files, whatever the order that they are asked for in.

    Whoever makes one has looked at every value: a `Dataset` does not look again.

    Args:
      parts: [N_i, *E] of one E and one dtype, one after the other.
      order: [N], which of their rows these are; None: all, as they lie.
      dtype: that they are converted to when taken; None: as they are.

    Raises:
      InputError: if the parts differ.

    >>> rows = Rows([np.arange(6).reshape(3, 2)], np.array([2, 0]), np.uint8)
    >>> len(rows), rows.shape, rows[:1]
    (2, (2, 2), array([[4, 5]], dtype=uint8))
    """

    def __init__(
        self,
        parts: Sequence[np.ndarray],
        order: np.ndarray | None = None,
        dtype: Any = None,
    ):
        kinds = [(part.shape[1:], part.dtype) for part in parts]
        if len(set(kinds)) != 1:
            raise InputError(
                "arrays that make up one must have one shape of example and one dtype, "
                f"got {sorted(set(map(str, kinds)))}"
            )
        self._parts = tuple(parts)
        self._ends = np.cumsum([len(part) for part in parts])
        total = int(self._ends[-1])
        self._order = order
        if order is not None:
            narrow = np.int32 if total < 2**31 else np.int64
            self._order = order.astype(narrow)
        self.dtype = np.dtype(parts[0].dtype if dtype is None else dtype)
        length = total if order is None else len(order)
        self.shape: tuple[int, ...] = (length, *parts[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes that all of them would take in memory."""
        return self.size * self.dtype.itemsize

    def __getitem__(self, key: Any) -> np.ndarray:
        """Reads rows: a number, a slice, or an array of numbers or bools."""
        if isinstance(key, tuple):
            row, *rest = key
            found = self[row]
            lead = (slice(None),) * (found.ndim - self.ndim + 1)
            return found[*lead, *rest]
        if isinstance(key, slice):
            start, stop, stride = key.indices(len(self))
            if self._order is None and stride == 1 and len(self._parts) == 1:
                return self._typed(self._parts[0][start:stop])
            return self._read(np.arange(start, stop, stride))
        index = np.asarray(key)
        if index.dtype == bool:
            index = np.flatnonzero(index)
        low = index.size and (int(index.min()) < -len(self))
        if low or (index.size and int(index.max()) >= len(self)):
            raise IndexError(f"rows go from 0 to {len(self) - 1}, got {key}")
        index = np.where(index < 0, index + len(self), index)
        found = self._read(index.reshape(-1))
        return found.reshape(*index.shape, *self.shape[1:])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All rows, in memory."""
        del copy
        return self[:] if dtype is None else self[:].astype(dtype)

    def _typed(self, found: np.ndarray) -> np.ndarray:
        return np.array(found, self.dtype, order="C")

    def _read(self, index: np.ndarray) -> np.ndarray:
        """Rows [n, *E] by their numbers from 0, read in the order of the files."""
        rows = index if self._order is None else self._order[index]
        sorting = np.argsort(rows, kind="stable")
        rows = rows[sorting]
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        cuts = np.searchsorted(rows, self._ends)
        begin, first = 0, 0
        for part, cut, end in zip(self._parts, cuts, self._ends, strict=True):
            found[sorting[begin:cut]] = part[rows[begin:cut] - first]
            begin, first = int(cut), int(end)
        return found
