"""Masked dense layers whose i-th output sees the inputs before the i-th alone."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array


class AutoregressiveNetwork(NamedTuple):
    """Weights of a masked network from x [..., L] and a context [..., C].

    Attributes:
      kernels: [in, out] of each layer, from L over the hidden widths H to 2 L.
      biases: [out] of each layer.
      context_kernel: [C, H] into the first hidden layer.
    """

    kernels: tuple[Array, ...]
    biases: tuple[Array, ...]
    context_kernel: Array

    @classmethod
    def of(
        cls, layers: Sequence[tuple[Array, Array]], context_kernel: Array
    ) -> "AutoregressiveNetwork":
        """From kernel and bias of each layer."""
        kernels, biases = zip(*layers, strict=True)
        return cls(kernels, biases, context_kernel)

    def __call__(self, x: Array, context: Array) -> tuple[Array, Array]:
        """Two numbers per dimension, [..., L] each; the i-th see x_j of j < i."""
        sizes = (self.kernels[0].shape[0], *(k.shape[1] for k in self.kernels))
        carried = context @ self.context_kernel
        layers = zip(self.kernels, self.biases, masks(sizes), strict=True)
        for layer, (kernel, bias, mask) in enumerate(layers):
            x = (x if layer == 0 else jax.nn.elu(x)) @ (kernel * mask) + bias
            x = x + carried if layer == 0 else x
        first, second = jnp.split(x, 2, axis=-1)
        return first, second


def masks(sizes: tuple[int, ...]) -> list[np.ndarray]:
    """What each weight is multiplied with, 0 or 1, for layers of these sizes.

    Unit k of a hidden layer has degree k mod L and sees inputs 1 to its degree; those
    of degree 0 carry the context and the biases.

    Args:
      sizes: L, the hidden widths, and 2 L: the last holds L outputs twice.

    Returns:
      [in, out] of each layer.

    Source: Germain, Gregor, Murray, Larochelle, "MADE: Masked Autoencoder for
      Distribution Estimation", ICML 2015, https://arxiv.org/abs/1502.03509 (there
      degrees are drawn at random, and there is no degree 0).

    >>> first, last = masks((2, 2, 4))
    >>> (first @ last).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    """
    size = sizes[0]
    hidden = [np.arange(width) % size for width in sizes[1:-1]]
    # An output of degree d sees hidden units of degrees below d.
    degrees = [1 + np.arange(size), *hidden, np.arange(2 * size) % size]
    return [
        (low[:, None] <= high[None]).astype(np.float32)
        for low, high in itertools.pairwise(degrees)
    ]
