"""Ordered classes by thresholds on a logistic score."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._scalar import ScalarDistribution
from vaex.numerics import log1mexp


class Ordinal(ScalarDistribution):
    """P(x <= k) = sigmoid(t_k - s) over K ordered classes: cumulative logits.

    x in {0, ..., K - 1}, the number of thresholds that s plus logistic noise is at or
    above. Values outside have log-probability -inf.

    Args:
      thresholds: [..., K - 1] t, increasing along the last axis, which is not checked.
      score: [...] s. Both are broadcast.

    Raises:
      ValueError: if there is no threshold.

    Numerics: with u and l the threshold above and below a class, less s, an inner
      class is -softplus(-u) - softplus(l) + log(1 - exp(l - u)), where u - l is a
      difference of thresholds: nothing cancels far out. Two that are equal leave a
      class of probability 0, whose log-probability is -inf and has no slope there.

    Source: McCullagh, "Regression models for ordinal data", Journal of the Royal
      Statistical Society B 42(2), 1980; the form in logarithms is derived here.

    >>> d = Ordinal(jnp.array([-1.0, 1.0]), 0.0)
    >>> [round(x, 3) for x in d.probs.tolist()], d.batch_shape
    ([0.269, 0.462, 0.269], ())
    """

    def __init__(self, thresholds: ArrayLike, score: ArrayLike):
        super().__init__()
        thresholds, score = jnp.asarray(thresholds), jnp.asarray(score)
        if thresholds.ndim == 0 or thresholds.shape[-1] == 0:
            raise ValueError(
                "thresholds must hold K - 1 >= 1 numbers along the last axis, got "
                f"shape {thresholds.shape}; pass one for two classes"
            )
        dtype = jnp.promote_types(jnp.result_type(thresholds, score), jnp.float32)
        shape = jnp.broadcast_shapes(thresholds.shape[:-1], score.shape)
        self._score = jnp.broadcast_to(score.astype(dtype), shape)
        self._thresholds = jnp.broadcast_to(
            thresholds.astype(dtype), (*shape, thresholds.shape[-1])
        )

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the score; computed, so that mapping may change it."""
        return self._score.shape

    @property
    def thresholds(self) -> Array:
        """[..., K - 1] t."""
        return self._thresholds

    @property
    def score(self) -> Array:
        """[...] s."""
        return self._score

    @property
    def num_classes(self) -> int:
        """K."""
        return self._thresholds.shape[-1] + 1

    @property
    def probs(self) -> Array:
        """[..., K] probabilities of the classes."""
        levels = jnp.arange(self.num_classes, dtype=self._score.dtype)
        levels = levels.reshape(-1, *(1,) * self._score.ndim)
        return jnp.moveaxis(jnp.exp(self.log_prob(levels)), 0, -1)

    def _sample_n(self, key: Array, n: int) -> Array:
        shape, dtype = (n, *self.batch_shape), self._score.dtype
        latent = self._score + jax.random.logistic(key, shape, dtype)
        return (self._thresholds <= latent[..., None]).sum(-1).astype(dtype)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-probability.

        Args:
          value: [...] whole numbers.

        Returns:
          [...] nats; -inf outside [0, K - 1].
        """
        last = self.num_classes - 1
        x = jnp.asarray(value, self._score.dtype)
        shape = jnp.broadcast_shapes(x.shape, self.batch_shape)
        index = jnp.broadcast_to(x, shape)[..., None].astype(jnp.int32)
        thresholds = jnp.broadcast_to(self._thresholds, (*shape, last))

        def threshold(index: Array) -> Array:
            index = jnp.clip(index, 0, last - 1)
            return jnp.take_along_axis(thresholds, index, -1)[..., 0]

        upper, lower = threshold(index), threshold(index - 1)
        first, final = x == 0.0, x == last
        # The ends have one threshold and no gap: any gap keeps its slope finite.
        gap = jnp.where(first | final, 1.0, upper - lower)
        below = jnp.where(final, 0.0, jax.nn.log_sigmoid(upper - self._score))
        above = jnp.where(first, 0.0, jax.nn.log_sigmoid(self._score - lower))
        width = log1mexp(jnp.where(gap > 0.0, gap, 1.0))
        width = jnp.where(gap > 0.0, width, -jnp.inf)
        inner = jnp.where(first | final, 0.0, width)
        inside = (x >= 0.0) & (x <= last)
        return jnp.where(inside, below + above + inner, -jnp.inf)

    def quantile(self, q: ArrayLike) -> Array:
        """The lowest class with P(x <= k) >= q.

        Args:
          q: [...] in [0, 1].

        Returns:
          [...] whole numbers.
        """
        q = jnp.asarray(q, self._score.dtype)[..., None]
        cumulative = jax.nn.sigmoid(self._thresholds - self._score[..., None])
        return (cumulative < q).sum(-1).astype(self._score.dtype)

    def mean(self) -> Array:
        """[...] mean of the class's number."""
        return (self.probs * jnp.arange(self.num_classes)).sum(-1)

    def variance(self) -> Array:
        """[...] variance of the class's number."""
        offset = jnp.arange(self.num_classes) - self.mean()[..., None]
        return (self.probs * jnp.square(offset)).sum(-1)

    def mode(self) -> Array:
        """[...] the most probable class, the lowest where some tie."""
        return self.probs.argmax(-1).astype(self._score.dtype)

    def entropy(self) -> Array:
        """[...] nats."""
        return jax.scipy.special.entr(self.probs).sum(-1)
