"""Which elements of a row make it odd."""

import numpy as np


def top_elements(
    attribution: np.ndarray, count: int, *, usual: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The elements with the largest parts of the score, and their shares.

    Args:
      attribution: [N, *A], see `Scores`.
      count: k, how many of each row; all where there are fewer.
      usual: [*A] to be subtracted first, such as the mean over normal rows: elements
        differ in how predictable they are. None subtracts nothing.

    Returns:
      [N, k] numbers of the elements, counted along flattened A, largest first; and
      [N, k] their shares of the sum of all positive parts, 0 where there is none.

    >>> top_elements(np.array([[1.0, 3.0, -1.0]]), 2)
    (array([[1, 0]]), array([[0.75, 0.25]]))
    """
    parts = attribution.reshape(len(attribution), -1).astype(np.float64)
    if usual is not None:
        parts = parts - np.asarray(usual, np.float64).ravel()
    top = np.argsort(-parts, axis=1, kind="stable")[:, :count]
    positive = np.maximum(parts, 0.0)
    total = positive.sum(1, keepdims=True)
    share = np.take_along_axis(positive, top, 1) / np.where(total > 0, total, 1.0)
    return top, share
