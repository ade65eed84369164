"""Masked autoregressive flow: a distribution made of the weights of its networks."""

from typing import Any

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions.autoregressive_network import AutoregressiveNetwork

_STEEPEST = 2.0


class AutoregressiveNormal(distrax.Distribution):
    """z = f_T(... f_1(u)), u standard normal, f_t^-1 autoregressive and affine.

    Only arrays are kept, and bijectors are built where they are used: those of distrax
    hold functions, and leak when they are returned from jit.

    Args:
      networks: one per f_t, of z and of an empty context.
    """

    def __init__(self, networks: tuple[AutoregressiveNetwork, ...]):
        super().__init__()
        self._networks = networks

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(L,)."""
        return self._networks[0].kernels[0].shape[:1]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """()."""
        return ()

    def _transformed(self) -> distrax.Transformed:
        (size,) = self.event_shape
        normal = distrax.Normal(jnp.zeros(size), jnp.ones(size))
        steps = [
            AutoregressiveAffine(network, reverse=t % 2 == 1)
            for t, network in enumerate(self._networks)
        ]
        # A chain applies its last part first.
        chain = distrax.Chain(steps[::-1])
        return distrax.Transformed(distrax.Independent(normal, 1), chain)

    def _sample_n(self, key: Array, n: int) -> Any:
        return self._transformed().sample(seed=key, sample_shape=(n,))

    def _sample_n_and_log_prob(self, key: Array, n: int) -> Any:
        flow = self._transformed()
        return flow.sample_and_log_prob(seed=key, sample_shape=(n,))

    def log_prob(self, value: ArrayLike) -> Any:
        """[...] nats of values [..., L]."""
        return self._transformed().log_prob(jnp.asarray(value, jnp.float32))


class AutoregressiveAffine(distrax.Bijector):
    """y_i = m_i + exp(s_i) x_i, m_i and s_i functions of the y_j before.

    Args:
      network: of y and of an empty context.
      reverse: whether "before" counts from the last dimension.
    """

    def __init__(self, network: AutoregressiveNetwork, reverse: bool):
        super().__init__(event_ndims_in=1)
        self._network, self._reverse = network, reverse

    def _shift_and_log_scale(self, y: Array) -> tuple[Array, Array]:
        ordered = y[..., ::-1] if self._reverse else y
        shift, raw = self._network(ordered, jnp.zeros(0))
        log_scale = _STEEPEST * jnp.tanh(raw / _STEEPEST)
        if self._reverse:
            return shift[..., ::-1], log_scale[..., ::-1]
        return shift, log_scale

    def forward_and_log_det(self, x: Array) -> tuple[Array, Array]:
        """One dimension after the other: L passes."""

        def refined(_: Any, y: Array) -> Array:
            # Pass i settles the i-th dimension, for those before it are settled.
            shift, log_scale = self._shift_and_log_scale(y)
            return shift + jnp.exp(log_scale) * x

        y = jax.lax.fori_loop(0, x.shape[-1], refined, jnp.zeros_like(x))
        return y, self._shift_and_log_scale(y)[1].sum(-1)

    def inverse_and_log_det(self, y: Array) -> tuple[Array, Array]:
        """One pass."""
        shift, log_scale = self._shift_and_log_scale(y)
        return (y - shift) * jnp.exp(-log_scale), -log_scale.sum(-1)
