"""Variables of a model without compiling its initialisation."""

from typing import Any

import flax.linen as nn
import jax
import numpy as np


def random_variables(model: nn.Module, batch: dict[str, Any]) -> dict[str, Any]:
    """Every parameter drawn from N(0, 0.3^2)."""
    rngs = {"params": jax.random.key(0), "sample": jax.random.key(0)}
    shapes = jax.eval_shape(model.init, rngs, batch)
    generator = np.random.default_rng(0)

    def draw(leaf: jax.ShapeDtypeStruct) -> np.ndarray:
        return generator.normal(0.0, 0.3, leaf.shape).astype(np.float32)

    return jax.tree.map(draw, shapes)
