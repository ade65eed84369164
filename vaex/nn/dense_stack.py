"""A stack of dense layers, the body of the MLP encoder and decoder."""

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from flax.linen.dtypes import promote_dtype
from jax import Array

from vaex.errors import InputError


def check_sizes(name: str, sizes: tuple[int, ...]) -> None:
    """Refuses layer sizes that are not positive integers.

    Raises:
      InputError: naming the argument and its value.

    >>> check_sizes("hidden", (500, 500))
    """
    if not isinstance(sizes, tuple | list) or any(
        not isinstance(n, int) or isinstance(n, bool) or n < 1 for n in sizes
    ):
        raise InputError(
            f"{name} must hold positive integers, got {sizes!r}; pass a tuple such as "
            "(500, 500)"
        )


def check_dtype(dtype: Any) -> None:
    """Refuses a `dtype` of layers that is neither a floating type nor None.

    Raises:
      InputError: naming the argument and its value.

    >>> check_dtype("bfloat16")
    """
    try:
        known = dtype is None or jnp.issubdtype(jnp.dtype(dtype), jnp.floating)
    except TypeError:
        known = False
    if not known:
        raise InputError(
            f"dtype must be a floating type such as float32 or bfloat16, got {dtype!r}"
        )


def products_in(dtype: Any) -> dict[str, Any]:
    """Options of flax's layers for products of `dtype` factors, all else in float32.

    Flax's own promotion converts the bias too, and jax then takes the bias' gradient,
    a sum over the batch, in bfloat16. Here the bias is added in float32; what the layer
    gives is float32, and so is all that is done to it before the next product.

    Args:
      dtype: of inputs and kernel; None leaves them as they are.

    >>> import jax
    >>> layer = nn.Dense(3, **products_in("bfloat16"))
    >>> x = jnp.ones((1, 2))
    >>> layer.init_with_output(jax.random.key(0), x)[0].dtype
    dtype('float32')
    """
    return {"dtype": dtype, "promote_dtype": _promote_factors}


def _promote_factors(
    inputs: Any, kernel: Any, bias: Any, *, dtype: Any, inexact: bool = True
) -> list[Any]:
    return [*promote_dtype(inputs, kernel, dtype=dtype, inexact=inexact), bias]


class DenseStack(nn.Module):
    """Dense layers, each followed by the activation: [..., F] -> [..., hidden[-1]].

    Attributes:
      hidden: width of each layer.
      activation: element-wise function.
      spectral_norm: whether each layer's kernel is divided by its largest singular
        value, as `with_spectral_norm` finds it.
      dtype: of the factors of the layers' products, as in flax; None: that of inputs
        and parameters. Parameters stay float32.

    Numerics: with dtype bfloat16 inputs and kernels are rounded to 8 significant bits,
      a relative error of up to 2^-9 each, and so is each product, whose sum is taken in
      float32. Biases, activations and features are float32: see `products_in`. A
      product given out in float32 (jax's `preferred_element_type`) would meet bfloat16
      factors on the way back, which then are products in float32; and the next layer
      rounds it all the same. It is meant for accelerators: steps on a CPU take as long.

    >>> import jax
    >>> stack = DenseStack((8, 4))
    >>> x = jnp.ones((2, 3))
    >>> stack.apply(stack.init(jax.random.key(0), x), x).shape
    (2, 4)
    """

    hidden: tuple[int, ...] = (500,)
    activation: Callable[[Array], Array] = nn.relu
    spectral_norm: bool = False
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Array, *, train: bool = False) -> Array:
        """Applies the layers; `train` is for the spectral norm."""
        lead = x.shape[:-1]
        # In two axes: XLA's CPU compiler copies the gradients of a product over more.
        x = x.reshape(-1, x.shape[-1])
        for width in self.hidden:
            layer = nn.Dense(width, **products_in(self.dtype))
            if self.spectral_norm:
                layer = with_spectral_norm(layer, train)
            x = self.activation(layer(x))
        return x.reshape(*lead, x.shape[-1])


def with_spectral_norm(layer: nn.Module, train: bool) -> Callable[[Array], Array]:
    """A layer whose kernel W [..., F] is divided by its largest singular value.

    One power iteration in each training step follows that value of W [-1, F], by a
    vector that is kept in `batch_stats`; while W moves fast the quotient's own value
    may be a little above 1. Gradients pass through the division: W's scale has none.

    Args:
      layer: a Dense or a Conv, called once.
      train: whether the vector is updated.

    Returns:
      Function of the layer's inputs.

    Source: Miyato, Kataoka, Koyama, Yoshida, "Spectral Normalization for Generative
      Adversarial Networks", ICLR 2018, https://arxiv.org/abs/1802.05957; of decoders
      (RAE-SN): Ghosh, Sajjadi, Vergari, Black, Schoelkopf, "From Variational to
      Deterministic Autoencoders", ICLR 2020, https://arxiv.org/abs/1903.12436.
    """
    return functools.partial(nn.SpectralNorm(layer), update_stats=train)


def with_condition(x: Array, condition: Array | None) -> Array:
    """Appends a condition [B, C] to inputs [..., B, F]; None leaves them alone.

    Raises:
      InputError: if the condition is of another batch.

    >>> with_condition(jnp.zeros((5, 2, 3)), jnp.ones((2, 4))).shape
    (5, 2, 7)
    """
    if condition is None:
        return x
    if condition.ndim != 2 or condition.shape[0] not in (1, *x.shape[-2:-1]):
        raise InputError(
            f"condition must have shape [B, C] with the B of the inputs, got "
            f"{condition.shape} for inputs {x.shape}"
        )
    condition = jnp.broadcast_to(condition, (*x.shape[:-1], condition.shape[-1]))
    return jnp.concatenate([x, condition], axis=-1)
