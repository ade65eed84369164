"""Examples by class: which colour, which name, which of them."""

from typing import NamedTuple

import numpy as np

from vaex.figures._style import BLUE, CLASSES


class Group(NamedTuple):
    """Examples drawn alike: legend entry, colour, chosen [N] bool."""

    name: str
    colour: str
    chosen: np.ndarray


def check_labels(labels: np.ndarray, count: int) -> np.ndarray:
    """Labels as an array of `count` integers.

    Raises:
      ValueError: if they are not.

    >>> check_labels([1, 0], 2).tolist()
    [1, 0]
    """
    labels = np.asarray(labels)
    if labels.shape != (count,) or labels.dtype.kind not in "iub":
        raise ValueError(
            f"labels must be [{count}] integers, one per row of means, got shape "
            f"{labels.shape} of {labels.dtype}; pass labels=None for none"
        )
    return labels


def groups(labels: np.ndarray | None, count: int) -> list[Group] | None:
    """One group per class in order of the label; one nameless group without labels.

    Args:
      labels: [N] integers, or None.
      count: N.

    Returns:
      The groups; None where there are more classes than colours (12).

    >>> [group.name for group in groups(np.array([3, 1, 3]), 3)]
    ['1', '3']
    """
    if labels is None:
        return [Group("", BLUE, np.ones(count, dtype=bool))]
    values = np.unique(labels)
    if len(values) > len(CLASSES):
        return None
    pairs = zip(values, CLASSES, strict=False)
    return [Group(str(value), colour, labels == value) for value, colour in pairs]
