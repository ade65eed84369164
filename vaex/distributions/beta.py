"""Beta distribution."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._binet import HALF_LOG_2PI, binet
from vaex.distributions._deviance import expm1_less
from vaex.distributions._exact_product import product_minus
from vaex.distributions._gamma_draws import log_gamma_draws
from vaex.distributions._scalar import ScalarDistribution, broadcast_floats


@jax.jit
def _at_end(concentration: Array, other: Array) -> Array:
    """Log-density at the end that `concentration` belongs to."""
    above = jnp.where(concentration > 1.0, -jnp.inf, jnp.log(other))
    return jnp.where(concentration < 1.0, jnp.inf, above)


class Beta(ScalarDistribution):
    """Beta(x; a, b): log p(x) = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b).

    For x in [0, 1]; outside the log-density is -inf. At 0 it is inf for a < 1, log b
    for a = 1 and -inf for a > 1; at 1 likewise with a and b exchanged.

    Args:
      alpha: [...] a > 0.
      beta: [...] b > 0.

    Numerics: around the mean as -a e(s) - b e(t) with e(u) = exp(u) - 1 - u,
      s = log(x (a + b) / a) and t = log((1 - x) (a + b) / b), plus Binet's functions of
      a, b and a + b: nothing large cancels, and x (a + b) - a is taken without rounding
      the product. In float32 the error relative to 1 + |log p| is below 2e-6 up to
      a = b = 1e6, where the form with gammaln is off by 0.03. Draws are ratios of gamma
      draws in logarithms, kept off 0 and 1, to 1 - 6e-8 at most. Their gradient
      exists. The entropy is left out: digamma cancels in it.

    Source: as for `Binomial`, Loader's saddle-point form, derived here for the beta;
      the moments are those of any textbook.

    >>> round(float(Beta(1e6, 1e6).log_prob(0.5)), 4)
    7.0285
    """

    def __init__(self, alpha: ArrayLike, beta: ArrayLike):
        super().__init__()
        self._alpha, self._beta = broadcast_floats(alpha, beta)

    @property
    def alpha(self) -> Array:
        """[...] a."""
        return self._alpha

    @property
    def beta(self) -> Array:
        """[...] b."""
        return self._beta

    def _sample_n(self, key: Array, n: int) -> Array:
        alpha_key, beta_key = jax.random.split(key)
        shape = (n, *self.batch_shape)
        log_a = log_gamma_draws(alpha_key, jnp.broadcast_to(self._alpha, shape))
        log_b = log_gamma_draws(beta_key, jnp.broadcast_to(self._beta, shape))
        info = jnp.finfo(log_a.dtype)
        return jnp.clip(jax.nn.sigmoid(log_a - log_b), info.tiny, 1.0 - info.epsneg)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density.

        Args:
          value: [...] in [0, 1].

        Returns:
          [...] nats; -inf outside.
        """
        a, b = self._alpha, self._beta
        value = jnp.asarray(value, a.dtype)
        inside = (value > 0.0) & (value < 1.0)
        x = jnp.where(inside, value, 0.5)
        log_x, log_rest = jnp.log(x), jnp.log1p(-x)
        # x (a + b) - a, whose relative size to a and b says how far from the mean.
        smaller, larger = jnp.minimum(a, b), jnp.maximum(a, b)
        total = a + b
        lost = smaller - (total - larger)
        offset = product_minus(x, total, a) + x * lost
        near = jnp.abs(offset) < 0.5 * jnp.minimum(a, b)
        change = jnp.where(near, offset, 0.0)
        deviance = a * expm1_less(jnp.log1p(change / a))
        deviance = deviance + b * expm1_less(jnp.log1p(-change / b))
        # Far off, the power and the 1/x in one: for a near 1 they cancel.
        log_mean, log_other = -jnp.log1p(b / a), -jnp.log1p(a / b)
        power = (a - 1.0) * log_x - a * log_mean
        power = power + (b - 1.0) * log_rest - b * log_other
        # 1/2 log(a b / (a + b)), by the smaller of the two.
        constant = 0.5 * (jnp.log(smaller) - jnp.log1p(smaller / larger))
        constant = constant - HALF_LOG_2PI - binet(a) - binet(b) + binet(a + b)
        log_prob = constant + jnp.where(near, -deviance - log_x - log_rest, power)
        outside = jnp.where(value == 1.0, _at_end(b, a), -jnp.inf)
        outside = jnp.where(value == 0.0, _at_end(a, b), outside)
        return jnp.where(inside, log_prob, outside)

    def mean(self) -> Array:
        """[...] a / (a + b)."""
        return self._alpha / (self._alpha + self._beta)

    def variance(self) -> Array:
        """[...] of mean m, m (1 - m) / (a + b + 1)."""
        total = self._alpha + self._beta
        return self.mean() * (self._beta / total) / (total + 1.0)

    def mode(self) -> Array:
        """[...] (a - 1) / (a + b - 2); an end where the density is highest there.

        For a and b below 1 both ends are modes and 0 is given; for a = b = 1 every
        value is one and 1/2 is given.
        """
        left = jnp.maximum(self._alpha - 1.0, 0.0)
        right = jnp.maximum(self._beta - 1.0, 0.0)
        total = left + right
        # Neither above 1: 1 where b alone is below, 1/2 where both are 1.
        end = jnp.where(self._beta < 1.0, 1.0, 0.5)
        end = jnp.where(self._alpha < 1.0, 0.0, end)
        return jnp.where(total > 0.0, left / jnp.where(total > 0.0, total, 1.0), end)
