"""A count distribution with more zeros than it would give."""

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._scalar import ScalarDistribution


class ZeroInflated(ScalarDistribution):
    """With probability w a zero, else a draw of the child: p(0) = w + (1 - w) c(0).

    p(x) = (1 - w) c(x) for x other than 0, w = sigmoid(l). The child is a distribution
    of counts: where it has a density, a point mass at 0 is no part of it.

    Args:
      child: batch shape [...], events of one number; the distribution c.
      logits: [...] or what broadcasts to it; l, the logit of an extra zero.

    Raises:
      ValueError: if the child's events are no single numbers, or its batch shape is
        not that of both.

    Numerics: by log-sigmoids, and at 0 by log-add-exp: right for |l| up to 1e4.

    Source: Lambert, "Zero-inflated Poisson regression, with an application to defects
      in manufacturing", Technometrics 34(1), 1992, for any child.

    >>> from vaex.distributions.poisson import Poisson
    >>> d = ZeroInflated(Poisson(0.0), 0.0)
    >>> [round(x, 4) for x in d.log_prob(jnp.array([0.0, 1.0])).tolist()]
    [-0.3799, -1.6931]
    """

    def __init__(self, child: distrax.Distribution, logits: ArrayLike):
        super().__init__()
        if child.event_shape != ():
            raise ValueError(
                "child must be a distribution of single numbers, got event_shape "
                f"{child.event_shape}; pass it without distrax.Independent"
            )
        logits, shape = jnp.asarray(logits), child.batch_shape
        if jnp.broadcast_shapes(logits.shape, shape) != shape:
            raise ValueError(
                f"logits must broadcast to the child's batch_shape {shape}, got shape "
                f"{logits.shape}; give the child's parameters that shape"
            )
        dtype = jnp.promote_types(logits.dtype, jnp.float32)
        self._child, self._logits = child, jnp.broadcast_to(logits.astype(dtype), shape)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the logits; computed, so that mapping may change it."""
        return self._logits.shape

    @property
    def child(self) -> distrax.Distribution:
        """The distribution c."""
        return self._child

    @property
    def logits(self) -> Array:
        """[...] logit of an extra zero."""
        return self._logits

    def _sample_n(self, key: Array, n: int) -> Array:
        zero_key, child_key = jax.random.split(key)
        drawn = self._child.sample(seed=child_key, sample_shape=(n,))
        # The rarer of the two is compared with the uniform number.
        rare = jax.nn.sigmoid(-jnp.abs(self._logits))
        is_rare = jax.random.uniform(zero_key, drawn.shape, rare.dtype) < rare
        is_zero = jnp.where(self._logits > 0.0, ~is_rare, is_rare)
        return jnp.where(is_zero, 0.0, drawn)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-probability.

        Args:
          value: [...] whole numbers.

        Returns:
          [...] nats.
        """
        value = jnp.asarray(value, self._logits.dtype)
        inside = self._child.log_prob(value)
        log_prob = jax.nn.log_sigmoid(-self._logits) + inside
        zero = jnp.logaddexp(jax.nn.log_sigmoid(self._logits), log_prob)
        return jnp.where(value == 0.0, zero, log_prob)

    def mean(self) -> Array:
        """[...] (1 - w) times the child's."""
        return jax.nn.sigmoid(-self._logits) * self._child.mean()

    def variance(self) -> Array:
        """[...] of the child's mean m and variance v, (1 - w) (v + w m^2)."""
        mean, variance = self._child.mean(), self._child.variance()
        share = jax.nn.sigmoid(self._logits) * jnp.square(mean)
        return jax.nn.sigmoid(-self._logits) * (variance + share)

    def mode(self) -> Array:
        """[...] 0 or the child's mode, whichever is more probable; 0 if they tie."""
        other = self._child.mode()
        return jnp.where(self.log_prob(other) > self.log_prob(0.0), other, 0.0)
