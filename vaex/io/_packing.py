"""Small arrays of a tree joined in one: what is saved takes time for each array."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

SMALL = 2**20
"""Bytes below which an array is joined with others."""

JOINED = "small"


def pack(tree: Any) -> dict[str, np.ndarray]:
    """The bytes of the small arrays end to end, and the others by their numbers.

    >>> packed = pack({"a": np.ones(2, np.float32), "b": np.int32(7)})
    >>> packed["small"].shape
    (12,)
    >>> unpack(packed, {"a": np.zeros(2, np.float32), "b": np.int32(0)})["b"].item()
    7
    """
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
    packed = {str(n): a for n, a in enumerate(leaves) if not _is_small(a)}
    small = [a for a in leaves if _is_small(a)]
    if small:
        flat = [np.ascontiguousarray(a).reshape(-1).view(np.uint8) for a in small]
        packed[JOINED] = np.concatenate(flat)
    return packed


def packed_shapes(like: Any) -> dict[str, Any]:
    """What `pack` makes of a tree of these shapes and dtypes: ShapeDtypeStructs."""
    leaves = jax.tree.leaves(like)
    packed = {str(n): a for n, a in enumerate(leaves) if not _is_small(a)}
    small = [_bytes(a) for a in leaves if _is_small(a)]
    if small:
        packed[JOINED] = jax.ShapeDtypeStruct((sum(small),), np.uint8)
    return packed


def unpack(packed: Mapping[str, Any], like: Any) -> Any:
    """The tree that `pack` was given.

    Args:
      packed: its result.
      like: of the same structure, shapes and dtypes.
    """
    leaves, structure = jax.tree.flatten(like)
    joined = np.asarray(packed.get(JOINED, ()), np.uint8)
    start, found = 0, []
    for number, leaf in enumerate(leaves):
        if not _is_small(leaf):
            found.append(packed[str(number)])
            continue
        own = joined[start : start + _bytes(leaf)]
        start += len(own)
        found.append(own.copy().view(leaf.dtype).reshape(leaf.shape))
    return structure.unflatten(found)


def _bytes(leaf: Any) -> int:
    return int(np.prod(leaf.shape)) * np.dtype(leaf.dtype).itemsize


def _is_small(leaf: Any) -> bool:
    return _bytes(leaf) < SMALL
