"""Multilayer perceptrons for events of any shape."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
from jax import Array

from vaex.nn.dense_stack import (
    DenseStack,
    check_dtype,
    check_sizes,
    with_condition,
)


class MLPEncoder(nn.Module):
    """Flattened x (and condition) through dense layers: [B, *I] -> [B, F].

    Attributes:
      hidden: width of each layer.
      activation: element-wise function.
      dtype: of the factors of the layers' products; parameters and features stay
        float32: see `DenseStack`.

    >>> import jax, jax.numpy as jnp
    >>> encoder = MLPEncoder(hidden=(16,))
    >>> x = jnp.ones((2, 8, 8, 1))
    >>> encoder.apply(encoder.init(jax.random.key(0), x), x).shape
    (2, 16)
    """

    hidden: tuple[int, ...] = (500,)
    activation: Callable[[Array], Array] = nn.relu
    dtype: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("hidden", self.hidden)
        check_dtype(self.dtype)

    @nn.compact
    def __call__(
        self, x: Array, condition: Array | None = None, *, train: bool = False
    ) -> Array:
        """Features of x [B, *I] given condition [B, C]."""
        del train
        x = with_condition(x.reshape(x.shape[0], -1), condition)
        stack = DenseStack(self.hidden, self.activation, dtype=self.dtype, name="stack")
        return stack(x)


class MLPDecoder(nn.Module):
    """z (and condition) through dense layers: [..., B, L] -> [..., B, F].

    Attributes:
      hidden: width of each layer.
      activation: element-wise function.
      spectral_norm: whether each kernel is divided by its largest singular value
        (RAE-SN); the head's own projection, which follows, is left as it is.
      dtype: of the factors of the layers' products; parameters and features stay
        float32: see `DenseStack`.

    >>> import jax, jax.numpy as jnp
    >>> decoder = MLPDecoder(hidden=(16,))
    >>> z = jnp.ones((5, 2, 3))
    >>> decoder.apply(decoder.init(jax.random.key(0), z), z).shape
    (5, 2, 16)
    """

    hidden: tuple[int, ...] = (500,)
    activation: Callable[[Array], Array] = nn.relu
    spectral_norm: bool = False
    dtype: Any = None

    event_axes = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("hidden", self.hidden)
        check_dtype(self.dtype)

    @nn.compact
    def __call__(
        self, z: Array, condition: Array | None = None, *, train: bool = False
    ) -> Array:
        """Features of z [..., B, L] given condition [B, C]."""
        z = with_condition(z, condition)
        stack = DenseStack(
            self.hidden,
            self.activation,
            self.spectral_norm,
            self.dtype,
            name="stack",
        )
        return stack(z, train=train)
