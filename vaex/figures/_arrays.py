"""Arrays on their way to a figure: checked, finite, with ranges that can be seen."""

from collections.abc import Sequence

import numpy as np


def as_examples(name: str, values: np.ndarray) -> np.ndarray:
    """Values as an array of examples, not copied.

    Args:
      name: the argument's name, for the error message.
      values: [N, *E] numbers.

    Returns:
      [N, *E].

    Raises:
      ValueError: if there is no example or no element.

    >>> as_examples("samples", np.ones((5, 2))).shape
    (5, 2)
    """
    array = np.asarray(values)
    if array.ndim == 0 or array.size == 0:
        raise ValueError(
            f"{name} must be [N, *E] with at least one example and one element, got "
            f"shape {array.shape}; pass one row per example"
        )
    return array


def to_float(values: np.ndarray) -> np.ndarray:
    """Values as float64; what is not finite becomes NaN and is drawn as missing.

    >>> to_float(np.array([1, 2])), to_float(np.array([np.inf, 0.0]))
    (array([1., 2.]), array([nan,  0.]))
    """
    array = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def check_columns(columns: Sequence[str], event_shape: tuple[int, ...]) -> list[str]:
    """Feature names as a list, checked against the event they name.

    >>> check_columns(["age"], ()), check_columns((), (3,))
    (['age'], [])
    """
    width = int(np.prod(event_shape[1:] if len(event_shape) > 1 else event_shape))
    if columns and len(columns) != width:
        raise ValueError(
            f"columns must name each of the {width} features of an event of shape "
            f"{event_shape}, got {len(columns)} names; pass columns=() for none"
        )
    return [str(name) for name in columns]


def finite_range(*arrays: np.ndarray, tail: float = 0.0) -> tuple[float, float]:
    """Lowest and highest finite value, never equal.

    Args:
      *arrays: values of any shape; NaN is ignored.
      tail: fraction of the values left out at either end (of few values: none).

    Returns:
      (low, high) in the values' units; (v - 0.5, v + 0.5) where all are v.

    >>> finite_range(np.array([0.0, np.nan, 2.0])), finite_range(np.ones(3))
    ((0.0, 2.0), (0.5, 1.5))
    """
    flat = np.concatenate([array.ravel() for array in arrays])
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return 0.0, 1.0
    low = float(np.quantile(flat, tail, method="lower"))
    high = float(np.quantile(flat, 1 - tail, method="higher"))
    if high - low > 1e-9 * max(abs(low), abs(high)):
        return low, high
    half = 0.5 * max(1.0, abs(low))
    return low - half, high + half
