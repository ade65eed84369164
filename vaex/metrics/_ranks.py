"""Counting draws below and equal to a value, inside a compiled program."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from vaex.threefry import fold_in


def counts_of(
    key: Array, value: Array, draw: Callable[[Array], Array], num: Array
) -> tuple[Array, Array]:
    """How many of `num` draws are less than a value, and how many equal to it.

    Args:
      key: of the draws; draw i has its fold of it.
      value: [*E].
      draw: key -> [*E].
      num: how many, traced.

    Returns:
      [*E] float32 each.

    >>> counts_of(jax.random.key(0), jnp.zeros(()), lambda key: jnp.zeros(()), 3)[1]
    Array(3., dtype=float32)
    """

    def add(number: Array, sums: tuple[Array, Array]) -> tuple[Array, Array]:
        x = draw(fold_in(key, number))
        less, equal = sums
        return less + (x < value), equal + (x == value)

    zeros = jnp.zeros(value.shape, jnp.float32)
    return jax.lax.fori_loop(0, num, add, (zeros, zeros))
