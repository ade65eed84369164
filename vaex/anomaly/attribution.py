"""Which elements of a row make it odd."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def top_elements(
    attribution: np.ndarray, count: int, *, usual: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The elements with the largest parts of the score, and their shares.

    Args:
      attribution: [N, *A], see `Scores`.
      count: k, how many of each row; all where there are fewer.
      usual: [*A] or [N, *A] to be subtracted first, such as the mean over normal
        rows: elements differ in how predictable they are. None subtracts nothing.

    Returns:
      [N, k] numbers of the elements, counted along flattened A, largest first; and
      [N, k] their shares of the sum of all positive parts, 0 where there is none;
      infinite parts share what there is between them.

    >>> top_elements(np.array([[1.0, 3.0, -1.0]]), 2)
    (array([[1, 0]]), array([[0.75, 0.25]]))
    """
    parts = attribution.astype(np.float64)
    if usual is not None:
        parts = parts - usual
    parts = parts.reshape(len(parts), -1)
    top = np.argsort(-parts, axis=1, kind="stable")[:, :count]
    positive = np.maximum(parts, 0.0)
    infinite = np.isposinf(positive)
    positive = np.where(infinite.any(1, keepdims=True), infinite, positive)
    total = positive.sum(1, keepdims=True)
    share = np.take_along_axis(positive, top, 1) / np.where(total > 0, total, 1.0)
    return top, share


def element_names(
    head: Any, columns: Sequence[str] = (), *, of_event: bool = False
) -> list[str]:
    """A name for each number of a flattened attribution.

    A column's name; for columns that a composite head scores as a whole, their field's;
    numbers from 0 where there are no names; "all" where a row is scored as a whole.

    Args:
      head: of the model.
      columns: names along the last axis of an event with one axis, () for none.
      of_event: whether the attribution is of the elements of the event
        (`Score.attributes_event`), not of those that the head scores.

    >>> from vaex.likelihoods.gaussian import Gaussian
    >>> element_names(Gaussian((2,)), ["age", "height"])
    ['age', 'height']
    >>> element_names(Gaussian((2, 2)))
    ['0 0', '0 1', '1 0', '1 1']
    """
    shape = head.event_shape if of_event else head.attribution_shape
    fields = getattr(head, "fields", None)
    if isinstance(fields, Mapping) and not of_event:
        found = []
        for name, field in fields.items():
            place = [int(i) for i in field["columns"]]
            own = [columns[i] if len(columns) else str(i) for i in place]
            inner = field["head"]
            if not inner.joint_rank or isinstance(
                getattr(inner, "fields", None), Mapping
            ):
                found += element_names(inner, own)
            else:
                found += [name] * int(np.prod(inner.attribution_shape))
        return found
    if tuple(shape) == tuple(head.event_shape) == (len(columns),):
        return [str(name) for name in columns]
    if not shape:
        return ["all"]
    return [" ".join(map(str, place)) for place in np.ndindex(*shape)]
