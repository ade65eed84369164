"""Logit-normal distribution: the sigmoid of a Gaussian."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtri
from jax.typing import ArrayLike

from vaex.distributions._binet import HALF_LOG_2PI
from vaex.distributions._scalar import ScalarDistribution, broadcast_floats


class LogitNormal(ScalarDistribution):
    """LogitNormal(x; m, s): logit(x) is Normal(m, s), for x in (0, 1).

    log p(x) = log N(logit(x); m, s) - log x - log(1 - x); -inf at 0 and 1 and outside.
    Mean, variance, mode and entropy have no closed form; the median is sigmoid(m).

    Args:
      loc: [...] m, mean of logit(x).
      scale: [...] s > 0, standard deviation of logit(x).

    Numerics: in float32 the log-density is right for the x that is given, but x near 1
      holds few digits of 1 - x, and the logit's rounding of 1e-7 is divided by s.
      Draws are reparameterised and kept off 0 and 1, to 1 - 6e-8 at most.

    Source: Atchison, Shen, "Logistic-normal distributions: some properties and uses",
      Biometrika 67(2), 1980, in one dimension.

    >>> LogitNormal(0.0, 1.0).log_prob(0.5)
    Array(0.46735585, dtype=float32)
    """

    def __init__(self, loc: ArrayLike, scale: ArrayLike):
        super().__init__()
        self._loc, self._scale = broadcast_floats(loc, scale)

    @property
    def loc(self) -> Array:
        """[...] mean of logit(x)."""
        return self._loc

    @property
    def scale(self) -> Array:
        """[...] standard deviation of logit(x)."""
        return self._scale

    def _sample_n(self, key: Array, n: int) -> Array:
        shape, dtype = (n, *self.batch_shape), self._loc.dtype
        noise = jax.random.normal(key, shape, dtype)
        info = jnp.finfo(dtype)
        draw = jax.nn.sigmoid(self._loc + self._scale * noise)
        return jnp.clip(draw, info.tiny, 1.0 - info.epsneg)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density.

        Args:
          value: [...] in (0, 1).

        Returns:
          [...] nats; -inf at 0 and 1 and outside.
        """
        value = jnp.asarray(value, self._loc.dtype)
        inside = (value > 0.0) & (value < 1.0)
        x = jnp.where(inside, value, 0.5)
        log_x, log_rest = jnp.log(x), jnp.log1p(-x)
        z = (log_x - log_rest - self._loc) / self._scale
        log_prob = -0.5 * jnp.square(z) - jnp.log(self._scale) - HALF_LOG_2PI
        return jnp.where(inside, log_prob - log_x - log_rest, -jnp.inf)

    def quantile(self, q: ArrayLike) -> Array:
        """Inverse CDF, sigmoid(m + s Phi^-1(q)).

        Args:
          q: [...] in [0, 1].

        Returns:
          [...] in [0, 1].
        """
        q = jnp.asarray(q, self._loc.dtype)
        return jax.nn.sigmoid(self._loc + self._scale * ndtri(q))
