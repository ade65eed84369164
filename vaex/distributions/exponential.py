"""Exponential distribution by its rate."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._scalar import ScalarDistribution, broadcast_floats


class Exponential(ScalarDistribution):
    """Exponential(x; b): log p(x) = log b - b x, for x >= 0; -inf below 0.

    Args:
      rate: [...] b > 0, per unit of x.

    Numerics: nothing cancels unless log b is near b x. Draws are reparameterised.

    Source: any textbook, as Johnson, Kotz, Balakrishnan, "Continuous Univariate
      Distributions", volume 1, 1994.

    >>> Exponential(2.0).log_prob(0.5), Exponential(2.0).quantile(0.5)
    (Array(-0.30685282, dtype=float32), Array(0.3465736, dtype=float32))
    """

    def __init__(self, rate: ArrayLike):
        super().__init__()
        (self._rate,) = broadcast_floats(rate)

    @property
    def rate(self) -> Array:
        """[...] b."""
        return self._rate

    def _sample_n(self, key: Array, n: int) -> Array:
        shape, dtype = (n, *self.batch_shape), self._rate.dtype
        draw = jax.random.exponential(key, shape, dtype) / self._rate
        return jnp.maximum(draw, jnp.finfo(dtype).tiny)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density.

        Args:
          value: [...] at least 0.

        Returns:
          [...] nats; -inf below 0.
        """
        x = jnp.asarray(value, self._rate.dtype)
        inside = jnp.log(self._rate) - self._rate * jnp.maximum(x, 0.0)
        return jnp.where(x >= 0.0, inside, -jnp.inf)

    def quantile(self, q: ArrayLike) -> Array:
        """Inverse CDF, -log(1 - q) / b.

        Args:
          q: [...] in [0, 1].

        Returns:
          [...] in units of x.
        """
        return -jnp.log1p(-jnp.asarray(q, self._rate.dtype)) / self._rate

    def mean(self) -> Array:
        """[...] 1 / b."""
        return 1.0 / self._rate

    def variance(self) -> Array:
        """[...] 1 / b^2."""
        return 1.0 / jnp.square(self._rate)

    def mode(self) -> Array:
        """[...] 0."""
        return jnp.zeros_like(self._rate)

    def entropy(self) -> Array:
        """[...] nats, 1 - log b."""
        return 1.0 - jnp.log(self._rate)
