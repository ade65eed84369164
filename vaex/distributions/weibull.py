"""Weibull distribution by concentration and scale."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import gammaln
from jax.typing import ArrayLike

from vaex.distributions._deviance import log_ratio
from vaex.distributions._scalar import ScalarDistribution, broadcast_floats

_EULER = 0.5772156649015329
# zeta(n) - 1 for n = 2..17, and with (2^n - 2) / n: see `_log_relative_square`.
_ZETA = (
    0.644934066848, 0.20205690316, 0.0823232337111, 0.0369277551434,
    0.0173430619844, 0.00834927738192, 0.00407735619794, 0.00200839282608,
    0.000994575127818, 0.000494188604119, 0.000246086553308, 0.000122713347579,
    6.12481350588e-05, 3.0588236307e-05, 1.52822594086e-05, 7.63719763786e-06,
)  # fmt: skip
_SERIES = tuple(z * (2.0**n - 2.0) / n for n, z in enumerate(_ZETA, 2))


def _log_relative_square(u: Array) -> Array:
    """log(Gamma(1 + 2 u) / Gamma(1 + u)^2): of E[x^2] / E[x]^2, at u = 1/k.

    Below 0.4 by the series sum_n zeta(n) (-u)^n (2^n - 2) / n, of which the part with
    1 in place of zeta(n) is -log(1 - (u / (1 + u))^2).
    """
    near = u < 0.4
    inner, series = jnp.where(near, u, 0.0), jnp.zeros_like(u)
    for coefficient in reversed(_SERIES):
        series = coefficient - inner * series
    first = -jnp.log1p(-jnp.square(inner / (1.0 + inner)))
    far = gammaln(1.0 + 2.0 * u) - 2.0 * gammaln(1.0 + u)
    return jnp.where(near, first + series * inner * inner, far)


class Weibull(ScalarDistribution):
    """Weibull(x; k, l): log p(x) = log(k / x) + k log(x / l) - (x / l)^k.

    For x >= 0; below 0 the log-density is -inf. At 0 it is inf for k < 1, -log l for
    k = 1 and -inf for k > 1.

    Args:
      concentration: [...] k > 0, dimensionless.
      scale: [...] l > 0, in units of x.

    Numerics: log(x / l) is to relative accuracy where x is near l, so that a large k
      does not multiply a rounding: 1e-6 of 1 + |log p| in float32, and far out
      1e-7 k log x of it. The variance is free of cancellation at large k. Draws are
      reparameterised.

    Source: Weibull, "A statistical distribution function of wide applicability",
      Journal of Applied Mechanics 18, 1951. The series of the variance is that of
      log Gamma in Abramowitz, Stegun, "Handbook of Mathematical Functions", 6.1.

    >>> Weibull(1.0, 2.0).log_prob(2.0), Weibull(2.0, 3.0).quantile(0.5)
    (Array(-1.6931472, dtype=float32), Array(2.497664, dtype=float32))
    """

    def __init__(self, concentration: ArrayLike, scale: ArrayLike):
        super().__init__()
        self._concentration, self._scale = broadcast_floats(concentration, scale)

    @property
    def concentration(self) -> Array:
        """[...] k."""
        return self._concentration

    @property
    def scale(self) -> Array:
        """[...] l, in units of x."""
        return self._scale

    def _sample_n(self, key: Array, n: int) -> Array:
        shape, dtype = (n, *self.batch_shape), self._scale.dtype
        # log of an exponential variable, which has all its digits below.
        log_noise = -jax.random.gumbel(key, shape, dtype)
        draw = self._scale * jnp.exp(log_noise / self._concentration)
        info = jnp.finfo(dtype)
        return jnp.clip(draw, info.tiny, info.max)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density.

        Args:
          value: [...] at least 0.

        Returns:
          [...] nats; -inf below 0.
        """
        k, scale = self._concentration, self._scale
        value = jnp.asarray(value, k.dtype)
        x = jnp.where(value > 0.0, value, 1.0)
        near, t = jnp.abs(x - scale) < 0.5 * scale, k * log_ratio(x, scale)
        # Far off, k log x and log x in one: for k near 1 they cancel.
        power = (k - 1.0) * jnp.log(x) - k * jnp.log(scale)
        inside = jnp.log(k) + jnp.where(near, t - jnp.log(x), power) - jnp.exp(t)
        at_one = jnp.where(k > 1.0, -jnp.inf, -jnp.log(scale))
        at_zero = jnp.where(k < 1.0, jnp.inf, at_one)
        outside = jnp.where(value == 0.0, at_zero, -jnp.inf)
        return jnp.where(value > 0.0, inside, outside)

    def quantile(self, q: ArrayLike) -> Array:
        """Inverse CDF, l (-log(1 - q))^(1/k).

        Args:
          q: [...] in [0, 1].

        Returns:
          [...] in units of x.
        """
        size = -jnp.log1p(-jnp.asarray(q, self._scale.dtype))
        return self._scale * size ** (1.0 / self._concentration)

    def mean(self) -> Array:
        """[...] l Gamma(1 + 1/k)."""
        return self._scale * jnp.exp(gammaln(1.0 + 1.0 / self._concentration))

    def variance(self) -> Array:
        """[...] l^2 (Gamma(1 + 2/k) - Gamma(1 + 1/k)^2)."""
        relative = jnp.expm1(_log_relative_square(1.0 / self._concentration))
        return jnp.square(self.mean()) * relative

    def mode(self) -> Array:
        """[...] l (1 - 1/k)^(1/k), and 0 for k <= 1."""
        k = jnp.maximum(self._concentration, 1.0)
        return self._scale * (1.0 - 1.0 / k) ** (1.0 / k)

    def entropy(self) -> Array:
        """[...] nats, Euler's constant times (1 - 1/k), plus log(l / k) + 1."""
        k, scale = self._concentration, self._scale
        return _EULER * (1.0 - 1.0 / k) + jnp.log(scale) - jnp.log(k) + 1.0
