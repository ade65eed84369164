"""Random keys that belong to a row's content, wherever the row stands."""

import hashlib
from collections.abc import Mapping

import numpy as np
from jax import Array

from vaex.threefry import fold_in


def row_words(rows: Mapping[str, np.ndarray], seed: int = 0) -> np.ndarray:
    """Two words for each row: BLAKE2b of the bytes of its arrays, in order of name.

    Args:
      rows: name -> [N, ...], of the types in which rows are scored.
      seed: key of the hash, below 2^32; another one gives unrelated words.

    Returns:
      [N, 2] uint32. Equal rows have equal words; a cell of -0.0 counts as 0.0.

    >>> x = np.array([[1.0, 0.0], [2.0, 3.0], [1.0, -0.0]], np.float32)
    >>> words = row_words({"x": x})
    >>> bool((words[0] == words[2]).all()), bool((words[0] == words[1]).any())
    (True, False)
    >>> row_words({"x": x[:0]}).shape
    (0, 2)
    """
    total, parts = len(rows["x"]), []
    if not total:
        return np.zeros((0, 2), np.uint32)
    for name in sorted(rows):
        values = np.ascontiguousarray(rows[name]).reshape(total, -1)
        if values.dtype.kind == "f":
            values = values + values.dtype.type(0)  # of -0.0 and 0.0 one
        parts.append(values.view(np.uint8).reshape(total, -1))
    content = np.ascontiguousarray(np.concatenate(parts, axis=1))
    size, data = content.shape[1], content.tobytes()
    start = hashlib.blake2b(digest_size=8, key=seed.to_bytes(4, "little"))

    def digest(row: bytes) -> bytes:
        state = start.copy()
        state.update(row)
        return state.digest()

    digests = (digest(data[i * size : (i + 1) * size]) for i in range(total))
    return np.frombuffer(b"".join(digests), "<u4").reshape(total, 2).astype(np.uint32)


def row_key(key: Array, words: Array) -> Array:
    """The key of one row, from that of a seed and the row's two words."""
    return fold_in(fold_in(key, words[0]), words[1])
