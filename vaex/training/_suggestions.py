"""What to look at and what to try where a step is not finite."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vaex.training._quantities import Quantity

MOST_ROWS = 5
"""Rows that a report describes."""

FAR = 1e3
"""A row's |x| is far from the others' above this multiple of their median."""


LARGE = 1e3
"""A parameter beyond this is a sign of steps that were too long."""

_AFTER_SCALES = ("field", "log_prob", "term", "loss", "gradient")
"""Kinds of quantities that a scale next to nothing spoils."""


@dataclass(frozen=True)
class Row:
    """An example of the batch.

    Attributes:
      position: in the batch.
      index: in the data; None where it is not known.
      num_bad: elements of the stored x that are not finite.
      low: least finite element of the stored x; None where there is none.
      high: largest.
      ratio: largest |x| over the median of the others' largest |x|, prepared; None
        where that is 0 or not finite.
    """

    position: int
    index: int | None
    num_bad: int
    low: float | None
    high: float | None
    ratio: float | None

    @property
    def name(self) -> str:
        """Which example it is."""
        if self.index is None:
            return f"row {self.position} of the batch"
        return f"example {self.index} (row {self.position} of the batch)"

    @property
    def is_far(self) -> bool:
        """Whether its values are far from the other rows'."""
        return self.ratio is not None and self.ratio > FAR

    def describe(self) -> str:
        """Its values as a line."""
        if self.low is None:
            return f"{self.name}: no value of x is finite"
        text = f"{self.name}: x from {self.low:.4g} to {self.high:.4g}"
        if self.num_bad:
            text += f", {self.num_bad} values not finite"
        if self.is_far:
            text += f", {self.ratio:.2g} times what others reach"
        return text


def rows_of(
    quantities: Sequence[Quantity],
    first: Quantity | None,
    stored: Any,
    prepared: Any,
    indices: Sequence[int] | None,
) -> tuple[Row, ...]:
    """The rows that bad quantities point to, and those with values far off.

    The first bad quantity that tells rows apart is the one that is asked.
    """
    stored, prepared = np.asarray(stored), np.asarray(prepared, np.float64)
    size = len(stored)
    telling = (q.rows for q in quantities if 0 < len(q.rows) < size)
    chosen = list(next(telling, ())) if first is not None else []
    reach = np.abs(prepared.reshape(size, -1)).max(1)
    rows = [_row(i, stored, reach, indices) for i in range(size)]
    far = [row.position for row in rows if row.is_far or row.num_bad]
    found = list(dict.fromkeys([*chosen, *far]))[:MOST_ROWS]
    return tuple(rows[i] for i in found)


def _row(
    position: int, stored: np.ndarray, reach: np.ndarray, indices: Sequence[int] | None
) -> Row:
    x = stored[position].astype(np.float64)
    good, others = x[np.isfinite(x)], np.delete(reach, position)
    others = others[np.isfinite(others)]
    usual = float(np.median(others)) if others.size else 0.0
    comparable = usual > 0 and bool(np.isfinite(reach[position]))
    return Row(
        position=position,
        index=None if indices is None else int(indices[position]),
        num_bad=int(x.size - good.size),
        low=float(good.min()) if good.size else None,
        high=float(good.max()) if good.size else None,
        ratio=float(reach[position]) / usual if comparable else None,
    )


def suggestions(
    quantities: Sequence[Quantity], first: Quantity | None, rows: Sequence[Row]
) -> tuple[str, ...]:
    """What to try, the likeliest first; () where everything is finite."""
    if first is None:
        return ()
    broken = [row for row in rows if row.num_bad]
    if broken:
        return tuple(f"repair or leave out {row.name}" for row in broken)
    found = [
        f"look at {row.name}, whose values are far from the others': repair it, leave "
        "it out, or bring the data to one scale (preparation=standardize)"
        for row in rows
        if row.is_far
    ]
    if first.kind == "hyperparameter":
        key = first.name.removeprefix("hyperparameter ")
        return (f"give {key} a finite value",)
    if first.kind == "prepared":
        return (*found, "look at the preparation: what it was given is finite")
    if not found and first.kind in _AFTER_SCALES:
        found += _scales(quantities)
    rate = next(
        (q.high for q in quantities if q.name.endswith("optimizer.learning_rate")), None
    )
    now = "" if rate is None else f" (now {rate:.4g})"
    reach = max(
        (abs(end) for q in quantities if q.kind == "parameter" for end in _ends(q)),
        default=0.0,
    )
    large = f" (parameters reach {reach:.2g})" if reach > LARGE else ""
    found.append(
        f"a lower optimizer.learning_rate{now}, or a bound on the gradient such as "
        f"updates.clip_norm=1{large}"
    )
    return tuple(found)


def _ends(quantity: Quantity) -> tuple[float, ...]:
    ends = (quantity.low, quantity.high)
    return tuple(end for end in ends if end is not None)


def _scales(quantities: Sequence[Quantity]) -> list[str]:
    """What to do about scales of a head or posterior that are next to nothing."""
    found: dict[str, None] = {}
    for quantity in quantities:
        owner, _, field = quantity.name.partition(": field ")
        if quantity.kind != "field" or "scale" not in field or quantity.low is None:
            continue
        slot, name = owner.split(" ")[0].split("/")[0], field.split()[0]
        floor = quantity.floor or 0.0
        if slot == "prior":
            continue
        if floor and 0.9 * floor <= quantity.low <= min(1.5 * floor, 0.1):
            found[
                f"a higher {slot}.min_scale (now {floor:.4g}): the {name} of {owner} "
                "is down at it"
            ] = None
        elif quantity.low < max(0.9 * floor, 1e-6):
            found[
                f"a lower bound for the {name} of {owner}, which falls to "
                f"{quantity.low:.4g}: vaex.numerics.positive(raw, floor)"
            ] = None
    return list(found)
