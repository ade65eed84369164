"""Kernels that start from normal draws of one scale, in all layers of a model."""

import math
from typing import Any

import jax
from jax import Array

from vaex.errors import InputError
from vaex.numerics import named_fold


def check_kernel_scale(scale: float | None) -> None:
    """Refuses a scale that is neither None nor above 0.

    Raises:
      InputError: naming the argument and its value.

    >>> check_kernel_scale(0.01)
    """
    if scale is not None and not 0 < scale < math.inf:
        raise InputError(
            f"kernel_scale must be above 0 and finite, got {scale}; null leaves each "
            "layer its own start"
        )


def drawn_anew(params: Any, key: Array, scale: float) -> Any:
    """Parameters with every `kernel` replaced by draws from N(0, scale^2).

    Those are the kernels of dense and convolutional layers, wherever they are:
    networks and projections of heads and posteriors alike. Biases and all other
    parameters stay as they are.

    Args:
      params: nested dicts of arrays.
      key: typed key; each kernel draws from the fold by its own path.
      scale: standard deviation.

    Returns:
      The same tree of the same dtypes.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114, whose parameters start from N(0, 0.01): read
      here as a standard deviation, see experiments/aevb_fig2.py.

    >>> import jax.numpy as jnp
    >>> params = {"kernel": jnp.ones((200, 50)), "bias": jnp.ones(50)}
    >>> anew = drawn_anew(params, jax.random.key(0), 0.01)
    >>> round(float(anew["kernel"].std()), 3), float(anew["bias"].min())
    (0.01, 1.0)
    """

    def leaf(path: Any, value: Array) -> Array:
        if getattr(path[-1], "key", None) != "kernel":
            return value
        own = named_fold(key, jax.tree_util.keystr(path))
        return scale * jax.random.normal(own, value.shape, value.dtype)

    return jax.tree_util.tree_map_with_path(leaf, params)
