"""A distribution of vectors as one of arrays."""

from typing import Any

import distrax
import jax.numpy as jnp
from jax import Array


class Reshaped(distrax.Distribution):
    """p(x) = p_D(x flattened), for x of shape E with D elements.

    Args:
      vectors: distribution with event shape (D,) and `marginal_log_prob`.
      event_shape: E, static.
    """

    def __init__(self, vectors: Any, event_shape: tuple[int, ...]):
        super().__init__()
        self._vectors, self._shape = vectors, tuple(event_shape)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """E."""
        return self._shape

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Of the distribution of vectors."""
        return self._vectors.batch_shape

    def _flat(self, x: Any) -> Array:
        x = jnp.asarray(x)
        return x.reshape(*x.shape[: x.ndim - len(self._shape)], -1)

    def _folded(self, x: Array) -> Array:
        return x.reshape(*x.shape[:-1], *self._shape)

    def _sample_n(self, key: Array, n: int) -> Array:
        return self._folded(self._vectors._sample_n(key, n))

    def log_prob(self, value: Any) -> Array:
        """[...] nats of values [..., *E]."""
        return self._vectors.log_prob(self._flat(value))

    def marginal_log_prob(self, value: Any, observed: Any) -> Array:
        """[...] nats of the observed cells of values [..., *E] alone."""
        return self._vectors.marginal_log_prob(self._flat(value), self._flat(observed))

    def mean(self) -> Array:
        """[..., *E]."""
        return self._folded(self._vectors.mean())

    def mode(self) -> Array:
        """[..., *E]."""
        return self._folded(self._vectors.mode())

    def variance(self) -> Array:
        """[..., *E] of each element."""
        return self._folded(self._vectors.variance())

    def entropy(self) -> Array:
        """[...] nats."""
        return self._vectors.entropy()
