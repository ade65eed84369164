"""Rows of a table in the columns of a model: grouped by kind, filled up to buckets.

N rows, d columns, D columns of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vaex.errors import InputError
from vaex.sklearn._columns import KINDS, Column
from vaex.sklearn._reading import Values

NARROWEST = 8
"""Fewest columns of a model: narrower tables share its programs."""


class Group(NamedTuple):
    """Neighbouring columns of a model with one head.

    Attributes:
      kind: one of `vaex.sklearn._columns.KINDS`.
      width: how many, those without data included.
      num_classes: K of categories, else 0.
    """

    kind: str
    width: int
    num_classes: int = 0


def bucket(count: int, least: int) -> int:
    """The first of least, 2 least, 4 least ... that is not below the count.

    >>> bucket(3, 8), bucket(8, 8), bucket(9, 8)
    (8, 8, 16)
    """
    while least < count:
        least *= 2
    return least


@dataclass(frozen=True)
class Table:
    """Where the columns of a table are in a model.

    Attributes:
      columns: of the table, in its order.
      groups: of the model, in order.
      places: [d] of each of the table's columns in the model.
    """

    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, columns: Sequence[Column], *, exact: bool = False) -> "Table":
        """The model's columns for these.

        Args:
          columns: d of them.
          exact: no columns to fill up, for heads that score rows as a whole.
        """
        kinds = [(KINDS.index(c.kind), _classes(c)) for c in columns]
        groups, places, start = [], [0] * len(columns), 0
        for key in sorted(set(kinds)):
            members = [i for i, kind in enumerate(kinds) if kind == key]
            least = NARROWEST if len(set(kinds)) == 1 else 2
            width = len(members) if exact else bucket(len(members), least)
            groups.append(Group(KINDS[key[0]], width, key[1]))
            for offset, i in enumerate(members):
                places[i] = start + offset
            start += width
        return cls(tuple(columns), tuple(groups), tuple(places))

    @property
    def width(self) -> int:
        """D."""
        return sum(group.width for group in self.groups)

    def rows(
        self, table: Sequence[Values], *, unknown: str = "error"
    ) -> dict[str, np.ndarray]:
        """Rows for the model: `x` [N, D] float32 and `mask` [N, D].

        Args:
          table: d columns.
          unknown: what a value becomes that its column cannot hold, such as a category
            that was not there in training: "error", else it is as if missing.

        Raises:
          InputError: naming the column, the first such row and its value.
        """
        total = len(table[0].values)
        x = np.zeros((total, self.width), np.float32)
        mask = np.zeros((total, self.width), bool)
        unheld = self.unheld(table)
        if unheld.any() and unknown == "error":
            row, place = np.argwhere(unheld)[0]
            column, value = self.columns[place], table[place].values[row]
            value = value.item() if isinstance(value, np.generic) else value
            held = "categories" if column.categories else f"{column.kind} values"
            what = f"held {held} when the estimator was fitted"
            if column.kind == "raw":
                head = type(column.head).__name__
                what = f"is for {head}, defined on {column.head.support.description}"
            raise InputError(
                f"column {column.name!r} {what}, which {value!r} of row {row} is "
                f"not one of ({int(unheld.any(1).sum())} such rows); leave them out, "
                'or pass unknown="mask"'
            )
        for place, column, given in zip(self.places, self.columns, table, strict=True):
            values = column.encoded(given.values, given.is_label)
            known = np.isfinite(values)
            x[known, place], mask[known, place] = values[known], True
        return {"x": x, "mask": mask}

    def unheld(self, table: Sequence[Values]) -> np.ndarray:
        """Which values of d columns their columns cannot hold, [N, d]."""
        pairs = zip(self.columns, table, strict=True)
        found = [
            np.isinf(c.encoded(given.values, given.is_label)) for c, given in pairs
        ]
        return np.stack(found, axis=1)

    def log_det(self, mask: np.ndarray) -> np.ndarray:
        """What turns log p of the model's rows into one in the table's units.

        Args:
          mask: [N, D].

        Returns:
          [N] float64 nats: minus the sum of log scale over the observed columns.
        """
        logs = np.log([column.scale for column in self.columns])
        return -(mask[:, list(self.places)] * logs).sum(1)

    def values(self, x: np.ndarray) -> np.ndarray:
        """[N, d] of the model's [N, D]: float64, or objects where some are labels."""
        found = [
            column.decoded(x[:, place])
            for place, column in zip(self.places, self.columns, strict=True)
        ]
        has_labels = any(column.categories for column in self.columns)
        return np.stack([f.astype(object) if has_labels else f for f in found], axis=1)


def _classes(column: Column) -> int:
    return len(column.categories) if column.kind == "categorical" else 0
