"""JAX's threefry, its rounds written out: the same words and keys, sooner.

On a CPU `jax.random` goes through threefry's rounds in a loop that writes every word to
memory several times. Here the rounds are one expression, computed together with what
is done with the words, and nothing but that is written.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
  2011, https://doi.org/10.1145/2063384.2063405: Threefry-2x32 of 20 rounds.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def random_words(key: Array, shape: tuple[int, ...]) -> Array:
    """Uniform 32-bit words: those of `jax.random.bits(key, shape)`, bit by bit.

    Args:
      key: typed key; for another generator than threefry `jax.random` is asked.
      shape: of the result, of fewer than 2^32 words.

    Returns:
      `shape` uint32.

    Source: which word belongs to which count is JAX's `jax_threefry_partitionable`.

    >>> key = jax.random.key(0)
    >>> bool((random_words(key, (2, 3)) == jax.random.bits(key, (2, 3))).all())
    True
    """
    is_counted = jax.config.values.get("jax_threefry_partitionable", True)
    if not (_is_threefry(key) and is_counted):
        return jax.random.bits(key, shape, jnp.uint32)
    count = jnp.arange(math.prod(shape), dtype=jnp.uint32).reshape(shape)
    left, right = _encrypted(jax.random.key_data(key), jnp.zeros_like(count), count)
    return left ^ right


def fold_in(key: Array, data: ArrayLike) -> Array:
    """A key of its own for each number: that of `jax.random.fold_in`, bit by bit.

    Args:
      key: typed key; for another generator than threefry `jax.random` is asked.
      data: whole number, an array's modulo 2^32.

    >>> key = jax.random.key(0)
    >>> bool((fold_in(key, 3) == jax.random.fold_in(key, 3)).all())
    True
    """
    if not _is_threefry(key):
        return jax.random.fold_in(key, data)
    return _folded(key, np.uint32(data) if isinstance(data, int) else data)


@partial(jax.jit, inline=True)
def _folded(key: Array, data: ArrayLike) -> Array:
    count = jnp.asarray(data).astype(jnp.uint32)
    pair = _encrypted(jax.random.key_data(key), jnp.zeros_like(count), count)
    return jax.random.wrap_key_data(jnp.stack(pair), impl="threefry2x32")


def _is_threefry(key: Array) -> bool:
    return str(jax.random.key_impl(key)) == "threefry2x32"


def _encrypted(key: Array, left: Array, right: Array) -> tuple[Array, Array]:
    """Threefry-2x32 of 20 rounds, of pairs of words under a key [2]."""
    keys = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(_PARITY))
    left, right = left + keys[0], right + keys[1]
    for group in range(5):
        for turn in _ROTATIONS[group % 2]:
            left = left + right
            right = ((right << turn) | (right >> (32 - turn))) ^ left
        left = left + keys[(group + 1) % 3]
        right = right + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    return left, right
