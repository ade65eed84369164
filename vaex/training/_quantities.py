"""What there is to say of an array that may not be finite.

B batch, S posterior samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LOG_PX_Z = "log p(x|z)"
"""Name of the model's term."""


@dataclass(frozen=True)
class Quantity:
    """An array of a step in numbers.

    Attributes:
      name: what it is.
      kind: stored, prepared, hyperparameter, parameter, input, layer, raw, field,
        log_prob, term, loss, gradient, optimizer, after or variable.
      shape: of the array.
      num_nan: elements that are NaN.
      num_inf: elements that are infinite.
      low: least finite element; None where there is none.
      high: largest finite element.
      rows: positions in the batch of the elements that are not finite; () where the
        array has no batch axis.
      floor: lower bound that its module keeps scales above; None where there is none.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    num_nan: int
    num_inf: int
    low: float | None
    high: float | None
    rows: tuple[int, ...] = ()
    floor: float | None = None

    @property
    def is_finite(self) -> bool:
        """Whether every element is."""
        return self.num_nan + self.num_inf == 0

    def describe(self) -> str:
        """Its numbers as a line.

        >>> measured("x", "layer", np.array([[1.0, np.nan], [2.0, 3.0]]), 2).describe()
        '1 of 4 elements not finite (1 NaN, 0 infinite), the others from 1 to 3'
        """
        size = int(np.prod(self.shape))
        spread = "none finite"
        if self.low is not None:
            spread = f"from {self.low:.4g} to {self.high:.4g}"
        if self.is_finite:
            return f"{size} elements {spread}"
        bad = self.num_nan + self.num_inf
        kinds = f"({self.num_nan} NaN, {self.num_inf} infinite)"
        others = "" if bad == size else f", the others {spread}"
        return f"{bad} of {size} elements not finite {kinds}{others}"


def first_bad(quantities: Sequence[Quantity]) -> Quantity | None:
    """The first that is not finite, None where nothing is wrong.

    An infinity may be meant (the outermost threshold of an ordinal head): where none is
    NaN, one inside the model is passed over if the loss and its gradient are finite, or
    if an example that holds one has a finite log p(x|z).
    """
    bad = [q for q in quantities if not q.is_finite]
    kinds = {q.kind for q in bad}
    spoiled = {r for q in bad if q.name == LOG_PX_Z for r in q.rows}
    known = any(q.name == LOG_PX_Z for q in quantities)
    for quantity in bad:
        inside = quantity.kind in ("input", "layer", "raw", "field")
        if inside and quantity.num_nan == 0:
            if not kinds & {"loss", "gradient"}:
                continue
            if "loss" in kinds and known and set(quantity.rows) - spoiled:
                continue
        return quantity
    return None


def measured(
    name: str,
    kind: str,
    array: Any,
    batch_size: int | None = None,
    *,
    allowed: Any = False,
    floor: float | None = None,
) -> Quantity:
    """The numbers of an array.

    Args:
      name: what it is.
      kind: as in `Quantity`.
      array: floating.
      batch_size: B, for the rows; None where there is no batch axis.
      allowed: True where an element may be infinite.
      floor: as in `Quantity`.
    """
    array = np.asarray(array)
    finite = np.isfinite(array)
    bad = ~finite & ~np.asarray(allowed)
    good = array[finite]
    rows = _by_row(bad, batch_size)
    return Quantity(
        name=name,
        kind=kind,
        shape=array.shape,
        num_nan=int((np.isnan(array) & bad).sum()),
        num_inf=int((np.isinf(array) & bad).sum()),
        low=float(good.min()) if good.size else None,
        high=float(good.max()) if good.size else None,
        rows=() if rows is None else tuple(np.flatnonzero(rows).tolist()),
        floor=floor,
    )


def _by_row(bad: np.ndarray, batch_size: int | None) -> Any:
    """Whether each row of the batch has a bad element, [B]; None without its axis.

    Arrays are [B, ...], [S, B, ...], or both axes as one.
    """
    for axis in range(min(3, bad.ndim)) if batch_size else ():
        if bad.shape[axis] == batch_size:
            return bad.any(tuple(a for a in range(bad.ndim) if a != axis))
    if batch_size and bad.ndim and bad.size and bad.shape[0] % batch_size == 0:
        return bad.reshape(-1, batch_size, bad[0].size).any((0, 2))
    return None
