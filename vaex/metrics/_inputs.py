"""What metrics of representations refuse."""

from typing import NamedTuple

import numpy as np

from vaex.errors import InputError


class Represented(NamedTuple):
    """Examples as codes and as factors.

    Attributes:
      codes: [N, L] float64.
      factors: [N, F] integers 0 to size - 1, every one of which occurs.
      sizes: [F] how many values each factor takes.
    """

    codes: np.ndarray
    factors: np.ndarray
    sizes: np.ndarray


def represented(codes: np.ndarray, factors: np.ndarray) -> Represented:
    """Codes and factors that fit together; values of factors by their rank.

    Raises:
      InputError: for shapes that differ, codes that are not finite, or a factor that is
        not of integers or does not vary.

    >>> represented(np.zeros((2, 1)), np.array([[3], [7]])).factors.tolist()
    [[0], [1]]
    """
    codes, factors = check_rows("codes", codes), np.asarray(factors)
    if factors.ndim != 2 or factors.dtype.kind not in "iub":
        raise InputError(
            "factors must be [N, F] integers, one column for each factor, got shape "
            f"{factors.shape} of {factors.dtype}"
        )
    if len(factors) != len(codes):
        raise InputError(
            f"codes and factors must be of the same examples, got {len(codes)} and "
            f"{len(factors)} rows"
        )
    ranks, sizes = [], []
    for number, column in enumerate(factors.T):
        values, rank = np.unique(column, return_inverse=True)
        if len(values) < 2:
            raise InputError(
                f"factor {number} must take at least two values, got {values.tolist()} "
                "throughout; leave it out"
            )
        ranks.append(rank)
        sizes.append(len(values))
    return Represented(codes, np.stack(ranks, 1), np.array(sizes))


def check_rows(name: str, rows: np.ndarray) -> np.ndarray:
    """An array [N, D] of finite numbers as float64.

    Raises:
      InputError: if it is none.

    >>> check_rows("codes", np.zeros((2, 3), np.float32)).dtype
    dtype('float64')
    """
    rows = np.asarray(rows)
    if rows.ndim != 2 or not rows.size or rows.dtype.kind not in "iubf":
        raise InputError(
            f"{name} must be [N, D] numbers, a row for each example, got shape "
            f"{rows.shape} of {rows.dtype}"
        )
    rows = rows.astype(np.float64)
    bad = int((~np.isfinite(rows)).any(1).sum())
    if bad:
        raise InputError(f"{name} must be finite, got {bad} of {len(rows)} rows not")
    return rows


def varying(codes: np.ndarray) -> np.ndarray:
    """Which columns of [N, L] vary, [L]; of a constant the deviation may be rounding.

    >>> codes = np.array([[0.1, 0.0], [0.1, 1.0], [0.1, 2.0]])
    >>> bool(codes.std(0)[0] > 0), varying(codes).tolist()
    (True, [False, True])
    """
    return (np.ptp(codes, 0) > 0) & (codes.std(0) > 0)


def check_pair(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> None:
    """Raises InputError unless two [N, D] have one D.

    >>> check_pair(np.zeros((2, 3)), np.zeros((9, 3)), ("x", "y"))
    """
    if first.shape[1] != second.shape[1]:
        raise InputError(
            f"{names[0]} and {names[1]} must have one number of columns, got "
            f"{first.shape[1]} and {second.shape[1]}"
        )


def check_at_least(name: str, value: int, least: int) -> None:
    """Raises InputError for a number that is no integer or too small.

    >>> check_at_least("votes", 3, 2)
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} must be an integer of at least {least}, got {value}")
