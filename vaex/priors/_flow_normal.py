"""What flow priors share: a standard normal vector through bijectors made on use."""

from collections.abc import Sequence
from typing import Any

import distrax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


class FlowNormal(distrax.Distribution):
    """z = f_T(... f_1(u)), u standard normal; a subclass fills in `bijectors`.

    Only arrays are kept, and bijectors are built where they are used: those of distrax
    hold functions, and leak when they are returned from jit.
    """

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """()."""
        return ()

    def bijectors(self) -> Sequence[Any]:
        """f_1, ..., f_T."""
        raise NotImplementedError

    def _transformed(self) -> distrax.Transformed:
        (size,) = self.event_shape
        normal = distrax.Normal(jnp.zeros(size), jnp.ones(size))
        # A chain applies its last part first.
        chain = distrax.Chain(list(self.bijectors())[::-1])
        return distrax.Transformed(distrax.Independent(normal, 1), chain)

    def _sample_n(self, key: Array, n: int) -> Any:
        return self._transformed().sample(seed=key, sample_shape=(n,))

    def _sample_n_and_log_prob(self, key: Array, n: int) -> Any:
        flow = self._transformed()
        return flow.sample_and_log_prob(seed=key, sample_shape=(n,))

    def log_prob(self, value: ArrayLike) -> Any:
        """[...] nats of values [..., L]."""
        return self._transformed().log_prob(jnp.asarray(value, jnp.float32))
