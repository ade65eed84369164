"""Supports: the set of values on which a likelihood head is defined."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True)
class Support:
    """A set of values, tested on numpy data before anything compiles.

    Attributes:
      description: as it stands in a message, "{0, 1}".
      contains: array -> bool array; element-wise, or over the last axis where
        `event_rank` is 1.
      inside: a member, put in place of masked cells: a number, or a vector where
        `event_rank` is 1.
      is_discrete: whether densities on it are probabilities.
      event_rank: 0 where elements are scored one by one, 1 where vectors are.
    """

    description: str
    contains: Callable[[np.ndarray], np.ndarray]
    inside: float | tuple[float, ...] = 0.0
    is_discrete: bool = False
    event_rank: int = 0


def _is_integer(x: np.ndarray) -> np.ndarray:
    return np.equal(x, np.floor(x))


real = Support("the real numbers", np.isfinite)
positive = Support("(0, inf)", lambda x: np.isfinite(x) & (x > 0), inside=1.0)
nonnegative = Support("[0, inf)", lambda x: np.isfinite(x) & (x >= 0), inside=1.0)
unit_interval = Support("[0, 1]", lambda x: (x >= 0) & (x <= 1), inside=0.5)
open_unit_interval = Support("(0, 1)", lambda x: (x > 0) & (x < 1), inside=0.5)
binary = Support("{0, 1}", lambda x: (x == 0) | (x == 1), is_discrete=True)
nonnegative_integers = Support(
    "{0, 1, 2, ...}",
    lambda x: np.isfinite(x) & (x >= 0) & _is_integer(x),
    is_discrete=True,
)
_PI = float(np.float32(np.pi))  # above pi by 9e-8: data are float32
angles = Support("[-pi, pi) radians", lambda x: (x >= -_PI) & (x < _PI))


@cache
def interval(low: float, high: float) -> Support:
    """The closed interval from `low` to `high`, either of which may be infinite.

    >>> interval(0.0, 2.0).contains(np.array([-1.0, 0.0, 2.0, np.nan])).tolist()
    [False, True, True, False]
    """
    # The finite number nearest to the middle, as far as there is one.
    inside = float(np.clip(0.0, low, high))
    if np.isfinite([low, high]).all():
        inside = low + (high - low) / 2
    return Support(
        f"[{low:g}, {high:g}]",
        lambda x: np.isfinite(x) & (x >= low) & (x <= high),
        inside=inside,
    )


@cache
def integers(count: int) -> Support:
    """{0, ..., count - 1}.

    >>> integers(3).contains(np.array([0, 2, 3, 0.5])).tolist()
    [True, True, False, False]
    """
    return Support(
        f"the integers 0 to {count - 1}",
        lambda x: (x >= 0) & (x < count) & _is_integer(x),
        is_discrete=True,
    )


@cache
def one_hot(count: int) -> Support:
    """Vectors of `count` numbers, one of them 1 and the others 0.

    >>> one_hot(2).contains(np.array([[0, 1], [1, 1]])).tolist()
    [True, False]
    """
    return Support(
        f"one-hot vectors of length {count}",
        lambda x: (
            (x.shape[-1] == count) & ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1)
        ),
        inside=(1.0,) + (0.0,) * (count - 1),
        is_discrete=True,
        event_rank=1,
    )
