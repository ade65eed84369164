"""A vector that is known for certain."""

import distrax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


class Point(distrax.Distribution):
    """z = loc with certainty: samples and a mean, no density.

    Args:
      loc: [..., L].
    """

    def __init__(self, loc: Array):
        super().__init__()
        self._loc = loc

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(L,)."""
        return self._loc.shape[-1:]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of loc without its last axis."""
        return self._loc.shape[:-1]

    def _sample_n(self, key: Array, n: int) -> Array:
        del key
        return jnp.broadcast_to(self._loc, (n, *self._loc.shape))

    def mean(self) -> Array:
        """[..., L] loc."""
        return self._loc

    def mode(self) -> Array:
        """[..., L] loc."""
        return self._loc

    def log_prob(self, value: ArrayLike) -> Array:
        """Raises: there is no density."""
        raise ValueError(
            "a deterministic posterior has no density; choose one such as "
            "DiagonalGaussian to ask for log q(z|x)"
        )
