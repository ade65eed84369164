"""Logistic distribution on ordered levels, with saturating ends."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._scalar import ScalarDistribution, broadcast_floats


class DiscretizedLogistic(ScalarDistribution):
    """P(x) = F((x + 1/2 - loc) / scale) - F((x - 1/2 - loc) / scale), F = sigmoid.

    x in {0, ..., K - 1}. The first bin also takes everything below it and the last
    everything above, so that the total mass is 1; values outside [0, K - 1] have
    log-probability -inf.

    Args:
      loc: [...] location, in levels; may lie outside the levels.
      scale: [...] > 0, in levels.
      num_classes: K >= 2, static: another value is another program.

    Raises:
      ValueError: if `num_classes` is less than 2.

    Numerics: with u and l the upper and lower argument of F, an inner bin is
      -softplus(-u) - softplus(l) + log(1 - exp(-1/scale)), by
      F(u) - F(l) = F(u) (1 - F(l)) (1 - exp(l - u)): nothing cancels in the far
      tails, nor does the gradient vanish there. What is bounded of the three terms is
      one logarithm. Mean, variance and entropy are sums over the K bins: K passes over
      the batch, of constant memory unless differentiated.

    Source: Salimans, Karpathy, Chen, Kingma, "PixelCNN++", ICLR 2017,
      https://arxiv.org/abs/1701.05517, with one component and on levels
      rather than [-1, 1]; the form in logarithms is derived here.

    >>> d = DiscretizedLogistic(0.0, 1.0, num_classes=3)
    >>> [round(x, 3) for x in d.prob(jnp.arange(3.0)).tolist()]
    [0.622, 0.195, 0.182]
    """

    def __init__(self, loc: ArrayLike, scale: ArrayLike, num_classes: int):
        super().__init__()
        if num_classes < 2:
            raise ValueError(
                f"num_classes must be at least 2, got {num_classes}; pass the number "
                "of levels, 256 for bytes"
            )
        self._loc, self._scale = broadcast_floats(loc, scale)
        self._num_classes = int(num_classes)

    @property
    def loc(self) -> Array:
        """[...] location, in levels."""
        return self._loc

    @property
    def scale(self) -> Array:
        """[...] scale, in levels."""
        return self._scale

    @property
    def num_classes(self) -> int:
        """K, the number of levels."""
        return self._num_classes

    def _sample_n(self, key: Array, n: int) -> Array:
        noise = jax.random.logistic(key, (n, *self.batch_shape), self._loc.dtype)
        # Rounded relative to the nearest level: loc + scale * noise would lose a
        # scale below the resolution of loc.
        nearest = jnp.round(self._loc)
        drawn = nearest + jnp.round(self._loc - nearest + self._scale * noise)
        return jnp.clip(drawn, 0.0, self._num_classes - 1.0)

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-probability.

        Args:
          value: [...] whole numbers.

        Returns:
          [...] nats; -inf outside [0, K - 1].
        """
        x = jnp.asarray(value, self._loc.dtype)
        first, last = x == 0, x == self._num_classes - 1
        width = 1.0 / self._scale
        upper = (x + 0.5 - self._loc) * width
        lower = (x - 0.5 - self._loc) * width
        # log F(u) = min(u, 0) - log(1 + exp(-|u|)); an end has but one of the two.
        # By selects: `minimum` and `abs` have no second derivative at 0.
        above = jnp.where(last | (upper > 0.0), 0.0, upper)
        below = jnp.where(first | (lower < 0.0), 0.0, lower)
        of_upper = jnp.exp(jnp.where(upper > 0.0, -upper, upper))
        of_lower = jnp.exp(jnp.where(lower < 0.0, lower, -lower))
        of_upper = jnp.where(last, 0.0, of_upper)
        of_lower = jnp.where(first, 0.0, of_lower)
        mass = jnp.where(first | last, 1.0, -jnp.expm1(-width))
        rest = jnp.log(mass / ((1.0 + of_upper) * (1.0 + of_lower)))
        inside = (x >= 0) & (x <= self._num_classes - 1)
        return jnp.where(inside, above - below + rest, -jnp.inf)

    def quantile(self, q: ArrayLike) -> Array:
        """The lowest level with P(x <= level) >= q.

        Args:
          q: [...] in [0, 1].

        Returns:
          [...] whole numbers.
        """
        q = jnp.asarray(q, self._loc.dtype)
        level = self._loc + self._scale * (jnp.log(q) - jnp.log1p(-q)) - 0.5
        return jnp.clip(jnp.ceil(level), 0.0, self._num_classes - 1.0)

    def _expectation(self, function: Callable[[Array, Array], Array]) -> Array:
        """sum_k p(k) function(k, log p(k)), one level at a time."""

        def add(total: Array, level: Array) -> tuple[Array, None]:
            log_prob = self.log_prob(level)
            return total + jnp.exp(log_prob) * function(level, log_prob), None

        levels = jnp.arange(self._num_classes, dtype=self._loc.dtype)
        return jax.lax.scan(add, jnp.zeros_like(self._loc), levels)[0]

    def mean(self) -> Array:
        """[...] in levels; a sum over the K bins."""
        return self._expectation(lambda level, _: level)

    def variance(self) -> Array:
        """[...] in squared levels; two sums over the K bins."""
        mean = self.mean()
        return self._expectation(lambda level, _: jnp.square(level - mean))

    def entropy(self) -> Array:
        """[...] nats; a sum over the K bins."""
        return self._expectation(lambda _, log_prob: -log_prob)

    def mode(self) -> Array:
        """[...] the most probable level; the lowest where candidates tie.

        An end or the level nearest to loc: between the ends the bins fall off
        from loc.
        """
        last = self._num_classes - 1.0
        nearest = jnp.clip(jnp.round(self._loc), 0.0, last)
        ends = jnp.zeros_like(nearest), jnp.full_like(nearest, last)
        candidates = jnp.stack([ends[0], nearest, ends[1]])
        best = jnp.argmax(self.log_prob(candidates), axis=0)
        return jnp.take_along_axis(candidates, best[None], axis=0)[0]
