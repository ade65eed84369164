"""Log-normal distribution: the exponential of a Gaussian."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from vaex.distributions._binet import HALF_LOG_2PI
from vaex.distributions._log_difference import log_minus_log
from vaex.distributions._scalar import ScalarDistribution, broadcast_floats


class LogNormal(ScalarDistribution):
    """LogNormal(x; m, s): log x is Normal(m, s); log p(x) = log N(log x; m, s) - log x.

    For x > 0; elsewhere the log-density is -inf.

    Args:
      loc: [...] m, mean of log x.
      scale: [...] s > 0, standard deviation of log x.

    Numerics: m - log x is taken without rounding log x, so that a narrow distribution
      at a large number keeps its digits: 2e-6 of 1 + |log p| in float32 for
      s > 1e-3. Draws are reparameterised and kept within the floats.

    Source: any textbook, as Johnson, Kotz, Balakrishnan, "Continuous Univariate
      Distributions", volume 1, 1994.

    >>> LogNormal(0.0, 1.0).log_prob(1.0)
    Array(-0.9189385, dtype=float32)
    """

    def __init__(self, loc: ArrayLike, scale: ArrayLike):
        super().__init__()
        self._loc, self._scale = broadcast_floats(loc, scale)

    @property
    def loc(self) -> Array:
        """[...] mean of log x."""
        return self._loc

    @property
    def scale(self) -> Array:
        """[...] standard deviation of log x."""
        return self._scale

    def _sample_n(self, key: Array, n: int) -> Array:
        shape, dtype = (n, *self.batch_shape), self._loc.dtype
        noise = jax.random.normal(key, shape, dtype)
        info = jnp.finfo(dtype)
        return jnp.clip(jnp.exp(self._loc + self._scale * noise), info.tiny, info.max)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density.

        Args:
          value: [...] above 0.

        Returns:
          [...] nats; -inf at 0 and below.
        """
        value = jnp.asarray(value, self._loc.dtype)
        x = jnp.where(value > 0.0, value, 1.0)
        z = log_minus_log(self._loc, x) / self._scale
        log_prob = -0.5 * jnp.square(z) - jnp.log(self._scale) - HALF_LOG_2PI
        return jnp.where(value > 0.0, log_prob - jnp.log(x), -jnp.inf)

    def quantile(self, q: ArrayLike) -> Array:
        """Inverse CDF, exp(m + s Phi^-1(q)).

        Args:
          q: [...] in [0, 1].

        Returns:
          [...] in units of x.
        """
        return jnp.exp(self._loc + self._scale * ndtri(jnp.asarray(q, self._loc.dtype)))

    def mean(self) -> Array:
        """[...] exp(m + s^2 / 2)."""
        return jnp.exp(self._loc + 0.5 * jnp.square(self._scale))

    def variance(self) -> Array:
        """[...] (exp(s^2) - 1) times the squared mean."""
        square = jnp.square(self._scale)
        return jnp.expm1(square) * jnp.exp(2.0 * self._loc + square)

    def mode(self) -> Array:
        """[...] exp(m - s^2)."""
        return jnp.exp(self._loc - jnp.square(self._scale))

    def entropy(self) -> Array:
        """[...] nats, m + 1/2 + log s + 1/2 log(2 pi)."""
        return self._loc + 0.5 + jnp.log(self._scale) + HALF_LOG_2PI
