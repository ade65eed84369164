"""What distributions of unit vectors about a direction share."""

import math

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def log_surface(size: int) -> float:
    """Logarithm of the surface of the unit sphere in `size` dimensions.

    >>> round(math.exp(log_surface(3)) / math.pi, 6)
    4.0
    """
    return math.log(2.0) + 0.5 * size * math.log(math.pi) - math.lgamma(0.5 * size)


def unit_vectors(v: Array) -> Array:
    """Vectors [..., L] over their lengths; the first axis in place of 0."""
    length = jnp.square(v).sum(-1, keepdims=True)
    some = length > 1e-24
    first = jnp.zeros(v.shape[-1], v.dtype).at[0].set(1.0)
    return jnp.where(some, v / jnp.sqrt(jnp.where(some, length, 1.0)), first)


class SphereDistribution(distrax.Distribution):
    """Unit vectors x whose density depends on the cosine mu.x alone.

    A subclass fills in `cosines` and `log_density`.

    Args:
      loc: [..., L] whose direction is mu, of any length; L at least 2.
      concentration: [...] k >= 0.
    """

    def __init__(self, loc: ArrayLike, concentration: ArrayLike):
        super().__init__()
        dtype = jnp.promote_types(jnp.result_type(loc, concentration), jnp.float32)
        loc, k = jnp.asarray(loc, dtype), jnp.asarray(concentration, dtype)
        batch = jnp.broadcast_shapes(loc.shape[:-1], k.shape)
        self._loc = jnp.broadcast_to(unit_vectors(loc), (*batch, loc.shape[-1]))
        self._concentration = jnp.broadcast_to(k, batch)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(L,)."""
        return self._loc.shape[-1:]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the concentration."""
        return self._concentration.shape

    @property
    def loc(self) -> Array:
        """[..., L] mu, of length 1."""
        return self._loc

    @property
    def concentration(self) -> Array:
        """[...] k."""
        return self._concentration

    def cosines(self, key: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Draws of t = mu.x and of sqrt(1 - t^2), of a shape."""
        raise NotImplementedError

    def log_density(self, gap: Array, rest: Array) -> Array:
        """Log-density in nats at |x - mu|^2 and |x + mu|^2, whose sum is 4."""
        raise NotImplementedError

    def mean_cosine(self) -> Array:
        """[...] E[mu.x]."""
        raise NotImplementedError

    def kl_to_uniform(self) -> Array:
        """[...] nats, KL to the uniform distribution on the sphere."""
        raise NotImplementedError

    def _sample_n(self, key: Array, n: int) -> Array:
        cosine_key, tangent_key = jax.random.split(key)
        t, height = self.cosines(cosine_key, (n, *self.batch_shape))
        shape = (n, *self.batch_shape, self._loc.shape[-1] - 1)
        across = jax.random.normal(tangent_key, shape, t.dtype)
        across = unit_vectors(across) * height[..., None]
        # About the first axis, or against it: whichever is farther from mu.
        sign = jnp.where(self._loc[..., :1] > 0.0, -1.0, 1.0)
        x = jnp.concatenate([sign * t[..., None], across], -1)
        # The reflection that takes that axis to mu.
        mirror = self._loc.at[..., :1].add(-sign)
        mirror = mirror / jnp.sqrt(jnp.square(mirror).sum(-1, keepdims=True))
        x = x - 2.0 * (x * mirror).sum(-1, keepdims=True) * mirror
        return unit_vectors(x)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density on the sphere, by its surface.

        Args:
          value: [..., L] of length 1.

        Returns:
          [...] nats.
        """
        x = jnp.asarray(value, self._loc.dtype)
        gap = jnp.square(x - self._loc).sum(-1)
        return self.log_density(gap, jnp.square(x + self._loc).sum(-1))

    def mean(self) -> Array:
        """[..., L] E[x], inside the sphere."""
        return self.mean_cosine()[..., None] * self._loc

    def mode(self) -> Array:
        """[..., L] mu."""
        return self._loc
