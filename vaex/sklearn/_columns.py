"""What a column holds, and the numbers that stand for it in a model.

N rows, d columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from vaex import support
from vaex.errors import InputError
from vaex.sklearn._reading import Values

FARTHEST = 1e6
"""Standardised values beyond this count as this: their squares still add up."""

GREATEST = 1e38
"""Values of raw columns beyond this count as this: they fit into float32."""

KINDS = ("continuous", "numeric", "raw", "binary", "count", "categorical")
"""In the order in which a model has them. "numeric": by a head that the user gave, on
the real numbers; "raw": by one on others, which gets them as they are."""


@dataclass(frozen=True)
class Column:
    """A column of the training data.

    Attributes:
      name: of the column.
      kind: one of KINDS.
      loc: what is subtracted, in the column's unit.
      scale: what is divided by.
      categories: of labels, in order; of a binary column of numbers none.
      is_integer: whether the values were integers.
      is_empty: whether none was observed.
      head: of a raw column.
    """

    name: str
    kind: str
    loc: float = 0.0
    scale: float = 1.0
    categories: tuple[Any, ...] = ()
    is_integer: bool = False
    is_empty: bool = False
    head: Any = None

    def encoded(self, values: np.ndarray, is_label: bool) -> np.ndarray:
        """[N] float64 for the model; NaN where missing, inf where impossible."""
        if self.categories:
            known = {category: i for i, category in enumerate(self.categories)}
            found = [
                np.nan if value is None or value != value else known.get(value, np.inf)
                for value in values.tolist()
            ]
            return np.array(found, np.float64)
        if is_label:
            raise InputError(
                f"column {self.name!r} held numbers when the estimator was fitted, got "
                "labels; pass a column of numbers"
            )
        if self.kind in ("continuous", "numeric"):
            found = (values - self.loc) / self.scale
            return np.clip(found, -FARTHEST, FARTHEST)
        missing = np.isnan(values)
        if self.kind == "raw":
            found = np.clip(values, -GREATEST, GREATEST)
            known = self.head.support
            fits = known.event_rank > 0 or known.contains(found.astype(np.float32))
            return np.where(missing | fits, found, np.inf)
        bad = (values < 0) | (values != np.floor(values))
        if self.kind == "binary":
            bad = (values != 0) & (values != 1)
        return np.where(bad & ~missing, np.inf, values)

    def decoded(self, values: np.ndarray) -> np.ndarray:
        """[N] from the model's numbers to the column's values."""
        if self.categories:
            index = np.clip(np.rint(values).astype(int), 0, len(self.categories) - 1)
            return np.array(self.categories, object)[index]
        if self.kind in ("continuous", "numeric"):
            return values.astype(np.float64) * self.scale + self.loc
        return values.astype(np.float64)


def fitted_columns(table: Sequence[Values], head: Any = None) -> list[Column]:
    """What each column of the training data holds.

    Labels are categorical (binary, where there are two). Numbers are binary where they
    are 0 and 1; counts where they came as non-negative integers, vary more than a
    Poisson's, and a negative binomial is more probable than a rounded normal, both by
    their moments; else continuous, standardised by median and a robust scale.

    Args:
      table: d columns.
      head: the user's for all columns of numbers, or None.

    Raises:
      InputError: for values outside of a given head's support.
    """
    found = []
    for name, values, is_label, is_integer in table:
        if is_label:
            found.append(_labels(name, values))
            continue
        seen = values[~np.isnan(values)]
        if head is not None:
            is_real = head.support.description == support.real.description
            loc, scale = location_and_scale(seen) if is_real else (0.0, 1.0)
            facts = (name, "numeric" if is_real else "raw", loc, scale, (), is_integer)
            found.append(Column(*facts, not len(seen), None if is_real else head))
        elif len(seen) and set(np.unique(seen)) == {0.0, 1.0}:
            found.append(Column(name, "binary", is_integer=is_integer))
        elif is_integer and _is_count(seen):
            found.append(Column(name, "count", is_integer=True))
        else:
            loc, scale = location_and_scale(seen)
            kind = "continuous"
            found.append(Column(name, kind, loc, scale, (), is_integer, not len(seen)))
    return found


def location_and_scale(values: np.ndarray) -> tuple[float, float]:
    """Median, and the standard deviation of the middle 98 % of the values.

    Extreme values neither move the one nor stretch the other. Where the middle is one
    value the scale is the standard deviation of all, and where they are all one, 1.

    >>> location_and_scale(np.array([1.0, 2.0, 3.0]))[0]
    2.0
    >>> location_and_scale(np.array([5.0, 5.0]))
    (5.0, 1.0)
    """
    if not len(values):
        return 0.0, 1.0
    median = float(np.median(values))
    low, high = np.quantile(values, [0.01, 0.99])
    largest = float(np.abs(values).max())
    if largest > 1e150:  # squares overflow
        loc, scale = location_and_scale(values / largest)
        return loc * largest, scale * largest
    tiny = 1e-12 * largest  # more than rounding makes of one value
    for spread in (np.clip(values, low, high).std(), values.std()):
        if spread > tiny:
            return median, float(spread)
    return median, 1.0


def _labels(name: str, values: np.ndarray) -> Column:
    seen = {value for value in values.tolist() if value is not None}
    try:
        categories = sorted(seen)
    except TypeError:
        categories = sorted(seen, key=lambda value: (type(value).__name__, str(value)))
    if not categories:
        raise InputError(
            f"column {name!r} holds no value at all; leave it out, or give it numbers"
        )
    if len(categories) == 1:  # a second one, never seen, so that there is a choice
        categories.append(None)
    kind = "binary" if len(categories) == 2 else "categorical"
    return Column(name, kind, categories=tuple(categories))


def _is_count(values: np.ndarray) -> bool:
    if len(values) < 20 or values.min() < 0:
        return False
    mean, variance = values.mean(), values.var()
    if variance <= mean:
        return False
    size = mean**2 / (variance - mean)
    counts = stats.nbinom.logpmf(values, size, size / (size + mean)).sum()
    normal = stats.norm(mean, np.sqrt(variance))
    rounded = normal.cdf(values + 0.5) - normal.cdf(values - 0.5)
    return bool(counts > np.log(np.maximum(rounded, 1e-300)).sum())
