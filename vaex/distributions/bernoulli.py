"""Bernoulli distribution by its logit."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._scalar import ScalarDistribution, broadcast_floats
from vaex.numerics import log1p_of_unit


class Bernoulli(ScalarDistribution):
    """Bernoulli(x; l): log p(x) = x l - log(1 + exp(l)), for x in {0, 1}.

    Linear in x, so that soft targets in [0, 1] give the cross-entropy, which is no
    density. Values outside [0, 1] are not checked.

    Args:
      logits: [...] l = log p(1)/p(0), dimensionless.

    Numerics: log p = (x l - max(l, 0)) - log1p(exp(-|l|)), to relative accuracy for
      |l| up to 1e4 and beyond: a wrong pixel at logit 100 costs 100 nats, a right
      one 4e-44. The gradient in l is x - sigmoid(l), bounded by 1. Samples compare
      a 23-bit uniform number with p: an outcome of probability below 1.2e-7 still
      comes up with about that probability.

    >>> [round(x, 3) for x in Bernoulli(jnp.array([0.0, 100.0])).log_prob(0).tolist()]
    [-0.693, -100.0]
    """

    def __init__(self, logits: ArrayLike):
        super().__init__()
        (self._logits,) = broadcast_floats(logits)

    @property
    def logits(self) -> Array:
        """[...] log p(1)/p(0)."""
        return self._logits

    @property
    def probs(self) -> Array:
        """[...] p(1)."""
        return jax.nn.sigmoid(self._logits)

    def _sample_n(self, key: Array, n: int) -> Array:
        shape, dtype = (n, *self.batch_shape), self._logits.dtype
        return (jax.random.uniform(key, shape, dtype) < self.probs).astype(dtype)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-probability, or the negative cross-entropy of a soft target.

        Args:
          value: [...] in [0, 1].

        Returns:
          [...] nats.
        """
        x, logits = jnp.asarray(value, self._logits.dtype), self._logits
        # One predicate for max(l, 0) and -|l|, so that at l = 0 their kinks cancel
        # in every derivative.
        right = logits >= 0.0
        linear = x * logits - jnp.where(right, logits, 0.0)
        return linear - log1p_of_unit(jnp.exp(jnp.where(right, -logits, logits)))

    def quantile(self, q: ArrayLike) -> Array:
        """0.0 where q <= p(0), else 1.0.

        Args:
          q: [...] in [0, 1].

        Returns:
          [...] 0.0 or 1.0.
        """
        q = jnp.asarray(q, self._logits.dtype)
        return (q > jax.nn.sigmoid(-self._logits)).astype(q.dtype)

    def mean(self) -> Array:
        """[...] p(1)."""
        return self.probs

    def variance(self) -> Array:
        """[...] p(1) p(0)."""
        return self.probs * jax.nn.sigmoid(-self._logits)

    def mode(self) -> Array:
        """[...] 1.0 where l > 0, else 0.0; at l = 0 both are modes and 0 is given."""
        return (self._logits > 0.0).astype(self._logits.dtype)

    def entropy(self) -> Array:
        """[...] nats; even in l, and free of cancellation at |l|."""
        size = jnp.abs(self._logits)
        return log1p_of_unit(jnp.exp(-size)) + size * jax.nn.sigmoid(-size)
