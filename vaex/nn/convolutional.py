"""Convolutional encoder and decoder for images of any size and channel count."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.nn.dense_stack import (
    check_dtype,
    check_sizes,
    products_in,
    with_condition,
    with_spectral_norm,
)


class ConvolutionalEncoder(nn.Module):
    """Strided 3x3 convolutions, then a dense layer: [B, H, W(, C)] -> [B, F].

    Each layer halves height and width, rounding up.

    Attributes:
      channels: channels of each convolution.
      features: F, width of the dense layer.
      activation: element-wise function.
      dtype: of the factors of the layers' products; parameters and features stay
        float32: see `DenseStack`.

    >>> import jax
    >>> encoder = ConvolutionalEncoder(channels=(4, 8), features=16)
    >>> x = jnp.ones((2, 7, 5, 3))
    >>> features, _ = jax.eval_shape(encoder.init_with_output, jax.random.key(0), x)
    >>> features.shape
    (2, 16)
    """

    channels: tuple[int, ...] = (32, 64)
    features: int = 256
    activation: Callable[[Array], Array] = nn.relu
    dtype: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("channels", self.channels)
        check_sizes("features", (self.features,))
        check_dtype(self.dtype)

    @nn.compact
    def __call__(
        self, x: Array, condition: Array | None = None, *, train: bool = False
    ) -> Array:
        """Features of images x [B, H, W(, C)] given condition [B, C]."""
        del train
        if x.ndim == 3:
            x = x[..., None]
        if x.ndim != 4:
            raise InputError(
                "ConvolutionalEncoder takes images (H, W) or (H, W, C), got event "
                f"shape {x.shape[1:]}; use encoder=mlp"
            )
        for width in self.channels:
            conv = nn.Conv(width, (3, 3), strides=(2, 2), **products_in(self.dtype))
            x = self.activation(conv(x))
        x = with_condition(x.reshape(x.shape[0], -1), condition)
        return self.activation(nn.Dense(self.features, **products_in(self.dtype))(x))


class ConvolutionalDecoder(nn.Module):
    """A dense layer, then doubling and 3x3 convolutions: z -> [..., B, H, W, F].

    Mirrors the encoder: sizes are halved (rounding up) from the image's down, and
    doubled and cropped on the way back, so any height and width comes out exactly.

    Attributes:
      event_shape: (H, W) or (H, W, C), handed over from the data.
      channels: channels of each convolution, from the coarsest up.
      activation: element-wise function.
      spectral_norm: whether each kernel [..., F], as a matrix [-1, F], is divided by
        its largest singular value; the head's projection is left as it is.
      dtype: of the factors of the layers' products; parameters and features stay
        float32: see `DenseStack`.

    >>> import jax
    >>> decoder = ConvolutionalDecoder(event_shape=(7, 5, 3), channels=(8, 4))
    >>> z = jnp.ones((5, 2, 3))
    >>> features, _ = jax.eval_shape(decoder.init_with_output, jax.random.key(0), z)
    >>> features.shape
    (5, 2, 7, 5, 4)
    """

    event_shape: tuple[int, ...] = (28, 28, 1)
    channels: tuple[int, ...] = (64, 32)
    activation: Callable[[Array], Array] = nn.relu
    spectral_norm: bool = False
    dtype: Any = None

    event_axes = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("channels", self.channels)
        check_dtype(self.dtype)
        if not self.channels:
            raise InputError("channels must hold at least one width, got ()")
        if len(self.event_shape) not in (2, 3):
            raise InputError(
                "ConvolutionalDecoder gives images (H, W) or (H, W, C), not events "
                f"of shape {self.event_shape}; use decoder=mlp"
            )

    @nn.compact
    def __call__(
        self, z: Array, condition: Array | None = None, *, train: bool = False
    ) -> Array:
        """Features of z [..., B, L] given condition [B, C]."""
        z = with_condition(z, condition)
        lead = z.shape[:-1]
        sizes = [self.event_shape[:2]]
        for _ in self.channels:
            sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
        height, width = sizes.pop()
        dense = nn.Dense(height * width * self.channels[0], **products_in(self.dtype))
        first = self._layer(dense, train)
        x = self.activation(first(z))
        x = x.reshape(-1, height, width, self.channels[0])
        for channels in self.channels:
            height, width = sizes.pop()
            x = jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)[:, :height, :width]
            conv = nn.Conv(channels, (3, 3), **products_in(self.dtype))
            x = self.activation(self._layer(conv, train)(x))
        return x.reshape(*lead, *x.shape[1:])

    def _layer(self, layer: nn.Module, train: bool) -> Callable[[Array], Array]:
        return with_spectral_norm(layer, train) if self.spectral_norm else layer
