"""Continuous Bernoulli distribution on [0, 1] by its logit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions._scalar import ScalarDistribution, broadcast_floats
from vaex.numerics import log1p_of_unit

# B_2n / (2n (2n)!) for n = 1..5, with the Bernoulli numbers B_2n.
_SERIES = (1 / 24, -1 / 2880, 1 / 181440, -1 / 9676800, 1 / 479001600)


def _log_partition(size: Array) -> Array:
    """A(-s) = log int_0^1 exp(-s x) dx for s >= 0; its slope is minus the mean.

    Below 1 by its Taylor series -s/2 + sum_n B_2n s^2n / (2n (2n)!), where the
    closed form log((1 - exp(-s)) / s) is 0/0 and its derivatives are worse.
    """
    near = size < 1.0
    inner = jnp.where(near, size, 0.0)
    even = jnp.zeros_like(inner)
    for coefficient in reversed(_SERIES):
        even = (coefficient + even) * inner * inner
    outer = jnp.where(near, 1.0, size)
    far = jnp.log(-jnp.expm1(-outer)) - jnp.log(outer)
    return jnp.where(near, even - 0.5 * inner, far)


def _slope(function: Callable[[Array], Array], x: Array) -> Array:
    return jax.jvp(function, (x,), (jnp.ones_like(x),))[1]


class ContinuousBernoulli(ScalarDistribution):
    """ContinuousBernoulli(x; l): log p(x) = x l - A(l), for x in [0, 1].

    A(l) = log((exp(l) - 1) / l). In the paper's terms, with lambda = sigmoid(l),
    p(x) = C(lambda) lambda^x (1 - lambda)^(1 - x): the Bernoulli formula on grey
    values times the constant that makes it a density. A density may exceed 1, so
    these nats are not to be compared with a Bernoulli's. Values outside [0, 1] are
    not checked.

    Args:
      logits: [...] l, dimensionless; l = 0 is the uniform distribution.

    Numerics: computed as A(l) = max(l, 0) + A(-|l|); value, gradient and variance
      are right to float accuracy at 0 and at |l| = 1e4. Samples are reparameterised:
      their gradient in l exists.

    Source: Loaiza-Ganem, Cunningham, "The continuous Bernoulli: fixing a pervasive
      error in variational autoencoders", NeurIPS 2019,
      https://arxiv.org/abs/1907.06845, the density with its C(lambda), here in l;
      the moments follow from A as of any exponential family.

    >>> d = ContinuousBernoulli(jnp.array([0.0, 4.0]))
    >>> [round(x, 3) for x in d.log_prob(1.0).tolist() + d.mean().tolist()]
    [0.0, 1.405, 0.5, 0.769]
    """

    def __init__(self, logits: ArrayLike):
        super().__init__()
        (self._logits,) = broadcast_floats(logits)

    @property
    def logits(self) -> Array:
        """[...] l, the logit of the paper's lambda."""
        return self._logits

    def _sample_n(self, key: Array, n: int) -> Array:
        shape, dtype = (n, *self.batch_shape), self._logits.dtype
        return self._quantile(jax.random.uniform(key, shape, dtype))

    def _quantile(self, u: Array) -> Array:
        """Inverse CDF, log(1 + u (exp(l) - 1)) / l, for u in [0, 1).

        Near l = 0 by the series of its numerator, the cumulants of a Bernoulli(u);
        for l > 0 as 1 minus that of -l at 1 - u, which keeps exp from overflowing.
        """
        near = jnp.abs(self._logits) < 0.05
        inner = jnp.where(near, self._logits, 0.0)
        spread = u * (1.0 - u)
        third = spread * (1.0 - 2.0 * u) / 6.0
        fourth = spread * (1.0 - 6.0 * spread) / 24.0
        middle = u + inner * (0.5 * spread + inner * (third + inner * fourth))
        size = jnp.where(near, 1.0, jnp.abs(self._logits))
        mirrored = self._logits > 0.0
        v = jnp.where(
            mirrored, jnp.minimum(1.0 - u, 1.0 - jnp.finfo(u.dtype).epsneg), u
        )
        low = -jnp.log1p(v * jnp.expm1(-size)) / size
        return jnp.where(near, middle, jnp.where(mirrored, 1.0 - low, low))

    def log_prob(self, value: ArrayLike) -> Array:
        """Log-density.

        Args:
          value: [...] in [0, 1].

        Returns:
          [...] nats.
        """
        x, logits = jnp.asarray(value, self._logits.dtype), self._logits
        # One predicate for max(l, 0) and |l|, so that at l = 0 their kinks cancel
        # in every derivative.
        right = logits >= 0.0
        linear = x * logits - jnp.where(right, logits, 0.0)
        return linear - _log_partition(jnp.where(right, logits, -logits))

    def log_normalizer(self) -> Array:
        """[...] nats, log C(lambda): what the cross-entropy on grey values lacks."""
        size = jnp.abs(self._logits)
        return log1p_of_unit(jnp.exp(-size)) - _log_partition(size)

    def quantile(self, q: ArrayLike) -> Array:
        """Inverse CDF.

        Args:
          q: [...] in [0, 1].

        Returns:
          [...] in [0, 1].
        """
        return self._quantile(jnp.asarray(q, self._logits.dtype))

    def mean(self) -> Array:
        """[...] A'(l), in (0, 1)."""
        low = -_slope(_log_partition, jnp.abs(self._logits))
        return jnp.where(self._logits > 0.0, 1.0 - low, low)

    def variance(self) -> Array:
        """[...] A''(l), at most 1/12."""
        size = jnp.abs(self._logits)
        return _slope(lambda s: _slope(_log_partition, s), size)

    def mode(self) -> Array:
        """[...] 1.0 where l > 0, else 0.0; at l = 0 every value is one, 0 is given."""
        return (self._logits > 0.0).astype(self._logits.dtype)

    def entropy(self) -> Array:
        """[...] nats, A - l A'; even in l, and free of cancellation at -|l|."""
        size = jnp.abs(self._logits)
        return _log_partition(size) - size * _slope(_log_partition, size)
