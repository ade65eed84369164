"""The stored form of arrays: levels as uint8, everything else as float32."""

import numpy as np

from vaex.data._checks import report
from vaex.errors import InputError

NOT_FINITE = (
    "be finite and within float32's range (3.4e38)",
    "drop the row, fill the value in, rescale the column, or pass missing=true to hide "
    "what is NaN",
)
"""A rule, and how to keep it."""


def stored_form(
    arrays: dict[str, np.ndarray], columns: tuple[str, ...] = ()
) -> tuple[list[np.ndarray], int | None]:
    """The arrays as levels if all of them are, else as real values.

    Args:
      arrays: where it is from, for messages -> [N, ...] of any numeric type.
      columns: names along the last axis, for messages.

    Returns:
      uint8 arrays, and the largest value + 1 (2 at least), where all values are
      integers from 0 to 255; else float32 arrays, and None. An integer beyond 2^24
      is rounded by float32.

    Raises:
      InputError: if an array is not numeric, or a value is not finite in float32.
    """
    for where, x in arrays.items():
        require_numbers(where, x)
    if all(map(is_levels, arrays.values())):
        top = max(int(x.max()) for x in arrays.values())
        return [x.astype(np.uint8) for x in arrays.values()], max(top, 1) + 1
    with np.errstate(over="ignore"):
        real = [x.astype(np.float32) for x in arrays.values()]
    for (where, x), converted in zip(arrays.items(), real, strict=True):
        report(f"{where}: x", x, ~np.isfinite(converted), columns, *NOT_FINITE)
    return real, None


def require_numbers(where: str, x: np.ndarray) -> None:
    """Raises InputError for text, complex numbers, dates and the like."""
    if x.dtype.kind not in "biuf":
        raise InputError(
            f"{where}: x must hold numbers, got dtype {x.dtype}; save it as a "
            "numeric array"
        )


def is_levels(x: np.ndarray) -> bool:
    """Whether there are values, all of them integers from 0 to 255."""
    if x.size == 0:
        return False
    if x.dtype in (np.uint8, np.bool_):
        return True
    with np.errstate(invalid="ignore"):
        if not (x.min() >= 0 and x.max() <= 255):
            return False
    return x.dtype.kind in "iu" or bool(np.equal(x, np.floor(x)).all())


def stored_label(label: np.ndarray, rows: int) -> np.ndarray | None:
    """[N] int32, or None unless there is one integer (of 32 bits) for each row."""
    if label.size != rows or label.dtype.kind not in "biuf":
        return None
    flat = label.reshape(rows)
    in_range = np.abs(flat.astype(np.float64)) < 2.0**31  # False for NaN
    if not in_range.all() or not np.equal(flat, np.floor(flat)).all():
        return None
    return flat.astype(np.int32)


def stored_weight(weight: np.ndarray, rows: int, where: str) -> np.ndarray:
    """[N] float32; InputError unless there is one number for each row."""
    if weight.size != rows or weight.dtype.kind not in "biuf":
        raise InputError(
            f"weight must hold one number for each of the {rows} rows of {where}, got "
            f"shape {weight.shape} and dtype {weight.dtype}"
        )
    with np.errstate(over="ignore"):
        return weight.reshape(rows).astype(np.float32)
