"""Mixture of discretised logistics over the channels of a pixel."""

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions.discretized_logistic import DiscretizedLogistic

_POINTS = 2048


class CoupledLevels(distrax.Distribution):
    """P(x_1..x_C) = sum_k w_k prod_c P(x_c; loc_kc + sum_{b<c} a_kcb (x_b - h), s_kc).

    The factors are discretised logistics on the levels 0, ..., K - 1, h = (K - 1) / 2
    is their middle, and the weights are shared by the channels.

    Args:
      logits: [..., n] of the weights.
      loc: [..., n, C] in levels.
      scale: [..., n, C] > 0, in levels.
      coefficients: [..., n, C (C - 1) / 2] a by rows (c, b), dimensionless.
      num_classes: K >= 2, static.

    Numerics: as DiscretizedLogistic, then log-sum-exp. The mean has no closed form:
      each component's is an average of its sampler over 2048 points of a sequence of
      low discrepancy in the unit cube (the generalised golden ratio), within 1 percent
      of a standard deviation (0.3 typically). Mode and variance are left out.

    Source: Salimans, Karpathy, Chen, Kingma, "PixelCNN++", ICLR 2017,
      https://arxiv.org/abs/1701.05517; Roberts, "The Unreasonable Effectiveness of
      Quasirandom Sequences", 2018 (the sequence).
    """

    def __init__(
        self,
        logits: Array,
        loc: Array,
        scale: Array,
        coefficients: Array,
        num_classes: int,
    ):
        super().__init__()
        self._log_weights = jax.nn.log_softmax(logits, axis=-1)
        self._loc, self._scale, self._coefficients = loc, scale, coefficients
        self._num_classes = num_classes

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(C,)."""
        return self._loc.shape[-1:]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the weights without their axis."""
        return self._log_weights.shape[:-1]

    def _channel(self, c: int, before: list[Array]) -> tuple[Array, Array]:
        """Location and scale [..., n] of channel c given those before, [..., n]."""
        half, first = (self._num_classes - 1) / 2, c * (c - 1) // 2
        loc = self._loc[..., c]
        for b, x in enumerate(before):
            loc = loc + self._coefficients[..., first + b] * (x - half)
        return loc, self._scale[..., c]

    def _drawn(self, uniform: Array) -> Array:
        """Levels [..., n, C] of every component, from numbers in (0, 1)."""
        found: list[Array] = []
        for c in range(self._loc.shape[-1]):
            loc, scale = self._channel(c, found)
            u = uniform[..., c]
            x = loc + scale * (jnp.log(u) - jnp.log1p(-u))
            found.append(jnp.clip(jnp.round(x), 0.0, self._num_classes - 1.0))
        return jnp.stack(found, axis=-1)

    def _sample_n(self, key: Array, n: int) -> Array:
        which, what = jax.random.split(key)
        shape = (n, *self.batch_shape)
        index = jax.random.categorical(which, self._log_weights, shape=shape)
        tiny = jnp.finfo(self._loc.dtype).tiny
        uniform = jax.random.uniform(
            what, (n, *self._loc.shape), self._loc.dtype, minval=tiny
        )
        drawn = self._drawn(uniform)
        chosen = jnp.take_along_axis(drawn, index[..., None, None], axis=-2)
        return chosen[..., 0, :]

    def log_prob(self, value: ArrayLike) -> Array:
        """[...] nats of levels [..., C]; -inf outside [0, K - 1]."""
        x = jnp.asarray(value, self._loc.dtype)[..., None, :]
        channels = [x[..., c] for c in range(x.shape[-1])]
        total = self._log_weights
        for c, own in enumerate(channels):
            loc, scale = self._channel(c, channels[:c])
            part = DiscretizedLogistic(loc, scale, self._num_classes)
            total = total + part.log_prob(own)
        inside = ((x >= 0) & (x <= self._num_classes - 1)).all(-1)
        total = jax.nn.logsumexp(jnp.where(inside, total, 0.0), axis=-1)
        return jnp.where(inside[..., 0], total, -jnp.inf)

    def mean(self) -> Array:
        """[..., C] in levels, to 1 percent of a standard deviation."""
        channels = self._loc.shape[-1]
        ratio = 2.0
        for _ in range(60):  # the root of g^(C + 1) = g + 1
            ratio = (1.0 + ratio) ** (1.0 / (channels + 1))
        steps = jnp.array([ratio ** -(c + 1) for c in range(channels)])

        def add(total: Array, number: Array) -> tuple[Array, None]:
            point = (0.5 + steps * number) % 1.0
            return total + self._drawn(jnp.clip(point, 1e-6, 1 - 1e-6)), None

        numbers = jnp.arange(1.0, _POINTS + 1)
        total, _ = jax.lax.scan(add, jnp.zeros_like(self._loc), numbers)
        weights = jnp.exp(self._log_weights)[..., None]
        return (weights * total).sum(-2) / _POINTS
