"""Poisson distribution by the logarithm of its rate."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._poisson_density import poisson_log_prob
from vaex.distributions._poisson_draws import poisson_draws
from vaex.distributions._scalar import ScalarDistribution, broadcast_floats


class Poisson(ScalarDistribution):
    """Poisson(x; l): log p(x) = x l - exp(l) - log x!, for x in {0, 1, ...}.

    Values below 0 have log-probability -inf. The entropy has no closed form.

    Args:
      log_rate: [...] l, the logarithm of the mean, unconstrained.

    Numerics: as Loader's saddle-point form, in which nothing large cancels: with
      h(x) = log x! - x log x + x and t = l - log x,
      log p(x) = -h(x) - x (exp(t) - 1 - t), and t is subtracted without rounding
      log x. In float32 the error relative to 1 + |log p| is below 2e-6 for rates up
      to 1e6, where the textbook form is off by 0.6, and 1e-4 at 1e8.
      The gradient is x - exp(l). A rate that underflows gives exactly x l - log x!
      and one that overflows (l > 88) -inf. Samples hold at large rates too, where
      those of `jax.random.poisson` do not; counts above 2^24 are rounded to float32.

    Source: Loader, "Fast and accurate computation of binomial probabilities", 2000,
      the saddle-point expansion of the Poisson; t by its logarithm is derived here.

    >>> round(float(Poisson(jnp.log(1e6)).log_prob(1e6)), 4)
    -7.8267
    """

    def __init__(self, log_rate: ArrayLike):
        super().__init__()
        (self._log_rate,) = broadcast_floats(log_rate)

    @property
    def log_rate(self) -> Array:
        """[...] nats, l."""
        return self._log_rate

    @property
    def rate(self) -> Array:
        """[...] exp(l), the mean."""
        return jnp.exp(self._log_rate)

    def _sample_n(self, key: Array, n: int) -> Array:
        return poisson_draws(
            key, jnp.broadcast_to(self._log_rate, (n, *self.batch_shape))
        )

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-probability.

        Args:
          value: [...] whole numbers.

        Returns:
          [...] nats; -inf below 0.
        """
        x = jnp.maximum(jnp.asarray(value, self._log_rate.dtype), 0.0)
        return jnp.where(x == value, poisson_log_prob(x, self._log_rate), -jnp.inf)

    def mean(self) -> Array:
        """[...] exp(l)."""
        return self.rate

    def variance(self) -> Array:
        """[...] exp(l), as the mean."""
        return self.rate

    def mode(self) -> Array:
        """[...] floor(exp(l)), the larger of two equally probable counts."""
        return jnp.floor(self.rate)
