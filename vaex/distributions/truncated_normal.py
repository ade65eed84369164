"""Gaussian distribution cut off at bounds."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._scalar import ScalarDistribution, broadcast_floats

# Distances in scales that count as infinite: their square is still a float32.
_FAR = 1e18
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
# Where exp(-u v - v^2 / 2) is exp(-32), nothing is left of an integral of it.
_REACH = 32.0


@jax.jit
def _moments(u: Array, width: Array) -> tuple[Array, Array, Array]:
    """Integrals of v^i exp(-u v - v^2 / 2) over v in [0, width], for i = 0, 1, 2.

    By 24 Gauss-Legendre nodes on the part that is not below exp(-32): positive terms
    of a smooth function, so that nothing cancels, however far the tail.
    """
    reach = 2.0 * _REACH / (u + jnp.sqrt(u * u + 2.0 * _REACH))
    end = jnp.minimum(width, reach)
    zeroth = first = second = jnp.zeros_like(u)
    for node, weight in zip(_NODES.tolist(), _WEIGHTS.tolist(), strict=True):
        v = end * (0.5 * (node + 1.0))
        mass = 0.5 * weight * jnp.exp(-v * (u + 0.5 * v))
        zeroth, first, second = zeroth + mass, first + mass * v, second + mass * v * v
    return end * zeroth, end * first, end * second


@jax.jit
def _beyond(u: Array) -> Array:
    """The zeroth moment without an end: what is left of the Gaussian, over exp(-u^2/2).

    Not by `jax.scipy.special.erfcx`, which is 0 in float32 from 9.2 to 9.4.
    """
    return _moments(u, jnp.full_like(u, _FAR))[0]


@jax.jit
def _invert(u: Array, width: Array, share: Array) -> Array:
    """The v in [0, width] below which lies a share of the zeroth moment.

    First by Newton steps on the logarithm of what lies beyond, which is nearly a
    parabola; then two on the mass itself, whose last carries the gradient.
    """
    fixed = jax.lax.stop_gradient((u, width, share))
    u0, width0, share0 = fixed
    tail = _beyond(u0)
    level = share0 * _moments(u0, width0)[0] / tail
    t = -jnp.log1p(-jnp.minimum(level, 1.0 - 6e-8))
    v = 2.0 * t / (u0 + jnp.sqrt(u0 * u0 + 2.0 * t) + 1e-30)
    for _ in range(4):
        beyond = _beyond(u0 + v)
        excess = v * (u0 + 0.5 * v) - jnp.log(beyond / tail) - t
        v = jnp.clip(v - excess * beyond, 0.0, width0)
    for parameters in (fixed, (u, width, share)):
        v = _polished(jax.lax.stop_gradient(v), *parameters)
    return v


@jax.jit
def _polished(v: Array, u: Array, width: Array, share: Array) -> Array:
    """A Newton step on the mass; where it is nearly all, for the gradient alone.

    There the first digits of the mass say nothing more about v.
    """
    missing = _moments(u, v)[0] - share * _moments(u, width)[0]
    level = jax.lax.stop_gradient(v * (u + 0.5 * v))
    step = missing * jnp.exp(jnp.minimum(level, _REACH))
    fixed = jnp.where(level < 1.0, 0.0, jax.lax.stop_gradient(step))
    return jnp.clip(v - (step - fixed), 0.0, width)


class TruncatedNormal(ScalarDistribution):
    """TruncatedNormal(x; m, s, low, high): Normal(m, s), given low <= x <= high.

    Outside the bounds the log-density is -inf.

    Args:
      loc: [...] m, the Gaussian's mean, in units of x; may lie outside the bounds.
      scale: [...] s > 0, its standard deviation.
      low: [...] lower bound, or -inf.
      high: [...] upper bound above `low`, or inf. Not checked.

    Numerics: around the point of [low, high] that is nearest to m, u scales from it,
      the density is exp(-u v - v^2 / 2) in the distance v from that point, and the
      normaliser its integral by 24 nodes to each side: right to 2e-6 of 1 + |log p|
      in float32 in any tail and for any width, where differences of the Gaussian CDF
      are 0 or noise. Mean and variance are sums over the same nodes. Draws invert
      the CDF, are reparameterised and never leave the bounds.

    Source: Johnson, Kotz, Balakrishnan, "Continuous Univariate Distributions", volume
      1, 1994, for the definition; the form around the nearest point is derived here.

    >>> d = TruncatedNormal(0.0, 1.0, jnp.array([0.0, 100.0]), jnp.inf)
    >>> [round(x, 4) for x in d.log_prob(jnp.array([0.0, 100.0])).tolist()]
    [-0.2258, 4.6053]
    """

    def __init__(
        self, loc: ArrayLike, scale: ArrayLike, low: ArrayLike, high: ArrayLike
    ):
        super().__init__()
        values = broadcast_floats(loc, scale, low, high)
        self._loc, self._scale, self._low, self._high = values

    @property
    def loc(self) -> Array:
        """[...] the Gaussian's mean."""
        return self._loc

    @property
    def scale(self) -> Array:
        """[...] the Gaussian's standard deviation."""
        return self._scale

    @property
    def low(self) -> Array:
        """[...] lower bound."""
        return self._low

    @property
    def high(self) -> Array:
        """[...] upper bound."""
        return self._high

    def _sides(self) -> tuple[Array, Array, Array, Array]:
        """The nearest point, its distance u, and the widths below and above it."""
        nearest = jnp.clip(self._loc, self._low, self._high)

        def scales(distance: Array) -> Array:
            return jnp.minimum(distance, _FAR * self._scale) / self._scale

        u = scales(jnp.abs(nearest - self._loc))
        below, above = scales(nearest - self._low), scales(self._high - nearest)
        return nearest, u, below, above

    def _sample_n(self, key: Array, n: int) -> Array:
        shape, dtype = (n, *self.batch_shape), self._loc.dtype
        return self.quantile(jax.random.uniform(key, shape, dtype))

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density.

        Args:
          value: [...] within the bounds.

        Returns:
          [...] nats; -inf outside.
        """
        value = jnp.asarray(value, self._loc.dtype)
        nearest, u, below, above = self._sides()
        inside = (value >= self._low) & (value <= self._high)
        v = jnp.abs(jnp.where(inside, value, nearest) - nearest) / self._scale
        mass = _moments(u, below)[0] + _moments(u, above)[0]
        log_prob = -v * (u + 0.5 * v) - jnp.log(mass) - jnp.log(self._scale)
        return jnp.where(inside, log_prob, -jnp.inf)

    def quantile(self, q: ArrayLike) -> Array:
        """Inverse CDF.

        Args:
          q: [...] in [0, 1].

        Returns:
          [...] in [low, high], in units of x.
        """
        q = jnp.asarray(q, self._loc.dtype)
        nearest, u, below, above = self._sides()
        left, right = _moments(u, below)[0], _moments(u, above)[0]
        target = q * (left + right) - left
        mass = jnp.where(target < 0.0, left, right)
        width = jnp.where(target < 0.0, below, above)
        share = jnp.abs(target) / jnp.where(mass > 0.0, mass, 1.0)
        shape = jnp.broadcast_shapes(q.shape, u.shape)
        v = _invert(*(jnp.broadcast_to(x, shape) for x in (u, width, share)))
        x = nearest + jnp.sign(target) * self._scale * v
        return jnp.clip(x, self._low, self._high)

    def _central(self) -> tuple[Array, Array, Array]:
        """The nearest point, and mean and variance of the signed distance to it."""
        nearest, u, below, above = self._sides()
        left, right = _moments(u, below), _moments(u, above)
        mass = left[0] + right[0]
        mean = (right[1] - left[1]) / mass
        variance = (left[2] + right[2]) / mass - jnp.square(mean)
        return nearest, mean * self._scale, variance * jnp.square(self._scale)

    def mean(self) -> Array:
        """[...] in units of x."""
        nearest, mean, _ = self._central()
        return nearest + mean

    def variance(self) -> Array:
        """[...] in squared units of x; at most s^2."""
        return self._central()[2]

    def mode(self) -> Array:
        """[...] the point of [low, high] nearest to m."""
        return jnp.clip(self._loc, self._low, self._high)

    def entropy(self) -> Array:
        """[...] nats, log s + log mass + u E[v] + E[v^2] / 2, v in scales."""
        _, u, below, above = self._sides()
        sides = zip(_moments(u, below), _moments(u, above), strict=True)
        mass, first, second = (left + right for left, right in sides)
        spread = (u * first + 0.5 * second) / mass
        return jnp.log(self._scale) + jnp.log(mass) + spread
