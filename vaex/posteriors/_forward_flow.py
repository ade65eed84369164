"""Flows that run one way: samples with their log-density, no inverse."""

import math
from typing import Any

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.errors import InputError


class ForwardFlow(distrax.Distribution):
    """z = f_T(... f_1(loc + scale u)), u standard normal: what such flows share.

    log q(z) = log N(u; 0, I) - sum_l log scale_l - sum_t log |det df_t/dz|. A subclass
    fills in `forward`. Its attributes are arrays alone.

    Args:
      loc: [..., L].
      scale: [..., L].
      steps: tree of the arrays of f_1, ..., f_T.
    """

    def __init__(self, loc: Array, scale: Array, steps: Any):
        super().__init__()
        self._loc, self._scale, self._steps = loc, scale, steps

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(L,)."""
        return self._loc.shape[-1:]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of loc without its last axis."""
        return self._loc.shape[:-1]

    def forward(self, z: Array) -> tuple[Array, Array]:
        """Z [..., L] through all steps, and the log-determinants' sum [...]."""
        raise NotImplementedError

    def _sample_n(self, key: Array, n: int) -> Array:
        return self._sample_n_and_log_prob(key, n)[0]

    def _sample_n_and_log_prob(self, key: Array, n: int) -> tuple[Array, Array]:
        u = jax.random.normal(key, (n, *self._loc.shape), self._loc.dtype)
        constant = 0.5 * math.log(2.0 * math.pi)
        nats = 0.5 * jnp.square(u) + jnp.log(self._scale) + constant
        z, log_det = self.forward(self._loc + self._scale * u)
        return z, -nats.sum(-1) - log_det

    def log_prob(self, value: ArrayLike) -> Any:
        """Raises: only samples have a log-density, by `sample_and_log_prob`."""
        raise InputError(
            f"{type(self).__name__} has no inverse: it knows the log-density of its "
            "own samples alone, by sample_and_log_prob"
        )
