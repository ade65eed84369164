"""Models given variables and run, compiled, on small batches."""

from typing import Any

import jax
import numpy as np

from tests.contracts.compiled import quick_jit
from tests.models.parts import EVENT

S, B = 4, 3


def some(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def batch_of(**more: Any) -> dict[str, Any]:
    return {"x": some(B, EVENT)} | more


def start(model, batch) -> dict[str, Any]:
    """Variables filled by numpy; batch statistics as they start."""
    shapes = jax.eval_shape(
        lambda: model.init(
            {"params": jax.random.key(0), "sample": jax.random.key(1)}, batch
        )
    )
    generator = np.random.default_rng(1)
    params = jax.tree.map(
        lambda leaf: (0.5 * generator.normal(size=leaf.shape)).astype(leaf.dtype),
        shapes["params"],
    )
    if "batch_stats" not in shapes:
        return {"params": params}
    stats = jax.tree_util.tree_map_with_path(
        lambda path, leaf: np.full(
            leaf.shape, float(path[-1].key == "var"), np.float32
        ),
        shapes["batch_stats"],
    )
    return {"params": params, "batch_stats": stats}


def terms_of(model, variables, batch, *, seed=0, mutable=False, method="terms", **o):
    options = {"num_samples": S, "train": False} | o
    key = jax.random.key(seed)
    rngs = {"sample": key, "dropout": jax.random.fold_in(key, 1)}
    return model.apply(
        variables, batch, rngs=rngs, method=method, mutable=mutable, **options
    )


def run(model, batch, variables=None, **options):
    """The same, compiled, where need be with variables made here."""
    if variables is None:
        variables = start(model, batch)

    @quick_jit
    def compiled(variables, batch):
        return terms_of(model, variables, batch, **options)

    return compiled(variables, batch)
