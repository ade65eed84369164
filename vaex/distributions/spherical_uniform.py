"""Uniform distribution of unit vectors."""

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._sphere import log_surface, unit_vectors


class SphericalUniform(distrax.Distribution):
    """p(x) = Gamma(L / 2) / (2 pi^(L / 2)) for unit vectors x of L numbers.

    Args:
      size: L, at least 2.

    >>> round(float(SphericalUniform(2).log_prob(jnp.array([1.0, 0.0]))), 4)
    -1.8379
    """

    def __init__(self, size: int):
        super().__init__()
        if size < 2:
            raise ValueError(f"size must be at least 2, got {size}")
        self._size = size

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(L,)."""
        return (self._size,)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """()."""
        return ()

    def _sample_n(self, key: Array, n: int) -> Array:
        return unit_vectors(jax.random.normal(key, (n, self._size)))

    def log_prob(self, value: ArrayLike) -> Array:
        """[...] nats of unit vectors [..., L], the same for all."""
        shape = jnp.shape(value)[:-1]
        return jnp.full(shape, -log_surface(self._size), jnp.float32)

    def mean(self) -> Array:
        """[L] zeros."""
        return jnp.zeros(self._size)

    def entropy(self) -> Array:
        """[] nats."""
        return jnp.asarray(log_surface(self._size), jnp.float32)
