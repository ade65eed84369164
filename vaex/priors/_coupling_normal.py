"""Affine coupling flow: a distribution made of the weights of its networks."""

from typing import Any

import distrax
import jax.numpy as jnp
from jax import Array

from vaex.priors._flow_normal import FlowNormal

Dense = tuple[Array, Array]
"""Weights [in, out] and biases [out]."""

_STEEPEST = 2.0


def _network(layers: tuple[Dense, ...], x: Any) -> Any:
    *hidden, (weights, bias) = layers
    for kernel, shift in hidden:
        x = jnp.tanh(x @ kernel + shift)
    return x @ weights + bias


class CouplingNormal(FlowNormal):
    """z = f_T(... f_1(u)), u standard normal, f_t affine in the half it changes.

    Dimensions of one parity pass through f_t and decide how those of the other are
    scaled, by exp(2 tanh(raw / 2)), and shifted; parities take turns.

    Args:
      steps: one network per f_t, from [L] to [2 L].
    """

    def __init__(self, steps: tuple[tuple[Dense, ...], ...]):
        super().__init__()
        self._steps = steps

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(L,)."""
        return (self._steps[0][-1][0].shape[-1] // 2,)

    def bijectors(self) -> list[distrax.MaskedCoupling]:
        """The couplings; parities take turns."""
        (size,) = self.event_shape
        return [
            _coupling(layers, jnp.arange(size) % 2 == step % 2)
            for step, layers in enumerate(self._steps)
        ]


def _coupling(layers: tuple[Dense, ...], kept: Array) -> distrax.MaskedCoupling:
    def affine(raw: Any) -> distrax.ScalarAffine:
        shift, log_scale = jnp.split(raw, 2, axis=-1)
        log_scale = _STEEPEST * jnp.tanh(log_scale / _STEEPEST)
        return distrax.ScalarAffine(shift=shift, log_scale=log_scale)

    return distrax.MaskedCoupling(kept, lambda x: _network(layers, x), affine)
