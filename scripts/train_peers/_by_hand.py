"""The two networks as plain functions of a list of kernels and biases."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from train_peers._setting import LATENT, SIZES

Params = list[tuple[Array, Array]]


def draw_params(key: Array) -> Params:
    """Kernels with variance 1 / inputs, as flax draws them, and biases of 0."""
    draw, keys = jax.nn.initializers.lecun_normal(), jax.random.split(key, len(SIZES))
    return [(draw(k, s), jnp.zeros(s[1])) for k, s in zip(keys, SIZES, strict=True)]


def encode(params: Params, x: Array) -> tuple[Array, Array]:
    """Location and scale of q(z|x)."""
    (a, b), (c, d) = params[:2]
    raw = jax.nn.relu(x @ a + b) @ c + d
    return raw[..., :LATENT], 1e-4 + jax.nn.softplus(raw[..., LATENT:])


def decode(params: Params, z: Any) -> Array:
    """Logits of p(x|z)."""
    (a, b), (c, d) = params[2:]
    return jax.nn.relu(z @ a + b) @ c + d
