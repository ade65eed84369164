"""Random bits by the half word: half of threefry's work."""

import math

import jax
import jax.numpy as jnp
from jax import Array, lax


def random_uint16(key: Array, shape: tuple[int, ...]) -> Array:
    """Uniform integers from 0 to 65535.

    `jax.random.bits(..., uint16)` throws away half of every 32-bit word; here both
    halves are used.

    Args:
      key: typed key.
      shape: of the result.

    Returns:
      `shape` uint16.
    """
    size = math.prod(shape)
    words = jax.random.bits(key, ((size + 1) // 2,), jnp.uint32)
    halves = lax.bitcast_convert_type(words, jnp.uint16)  # [(size + 1) // 2, 2]
    return halves.reshape(-1)[:size].reshape(shape)
