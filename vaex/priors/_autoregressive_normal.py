"""Masked autoregressive flow: a distribution made of the weights of its networks."""

from typing import Any

import distrax
import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions.autoregressive_network import AutoregressiveNetwork
from vaex.priors._flow_normal import FlowNormal

_STEEPEST = 2.0


class AutoregressiveNormal(FlowNormal):
    """z = f_T(... f_1(u)), u standard normal, f_t^-1 autoregressive and affine.

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

    def bijectors(self) -> "list[AutoregressiveAffine]":
        """The steps; directions take turns."""
        return [
            AutoregressiveAffine(network, reverse=t % 2 == 1)
            for t, network in enumerate(self._networks)
        ]


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
