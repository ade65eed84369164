"""Shapes of outputs, from shapes of inputs: nothing is compiled or computed."""

import flax.linen as nn
import jax
import jax.numpy as jnp


def shape_of(module: nn.Module, *arguments: tuple[int, ...] | None) -> tuple[int, ...]:
    """Shape of a module's output for float inputs of these shapes, or None."""
    arrays = [
        None if shape is None else jax.ShapeDtypeStruct(shape, jnp.float32)
        for shape in arguments
    ]
    return jax.eval_shape(
        lambda *arrays: module.init_with_output(jax.random.key(0), *arrays)[0], *arrays
    ).shape
