"""Small experiments that compile in a moment, and comparisons of train states."""

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vaex.likelihoods.bernoulli import Bernoulli
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.training import optimizers
from vaex.training.experiment import Experiment
from vaex.training.order import BatchOrder
from vaex.types import Scalar

EVENT = 3


class Noisy(nn.Module):
    """x - w + noise, with a count of the training calls among its variables."""

    @nn.compact
    def __call__(self, batch, *, train):
        w = self.param("w", nn.initializers.normal(1.0), (EVENT,))
        seen = self.variable("batch_stats", "seen", lambda: jnp.zeros((), jnp.int32))
        if train and not self.is_initializing():
            seen.value += 1
        noise = jax.random.normal(self.make_rng("sample"), batch["x"].shape)
        return batch["x"] - w + 0.1 * noise


def squares(model, batch, *, train, weight: Scalar = 1.0, power: int = 2):
    """weight * mean |x - w + noise|^power."""
    residual = jnp.abs(model(batch, train=train)) ** power
    return weight * residual.mean(), {"largest": residual.max()}


class Prepare:
    """Stored rows as float32, counting how often it is traced."""

    def __init__(self) -> None:
        self.traces = 0

    def __call__(self, key, stored):
        del key
        self.traces += 1
        return {**stored, "x": stored["x"].astype(jnp.float32)}


def toy(
    objective: Callable[..., Any] = squares,
    optimizer: Callable[..., Any] = optimizers.adam,
    model: nn.Module | None = None,
    **fields: Any,
) -> Experiment:
    """A small experiment; more fields of it by name."""
    return Experiment(model or Noisy(), objective, optimizer, Prepare(), **fields)


def tiny_vae(**options: Any) -> Experiment:
    """A whole VAE on three bits; options of the ELBO."""
    return toy(
        functools.partial(elbo, **options),
        functools.partial(optimizers.adam, learning_rate=1e-2),
        VAE(
            encoder=MLPEncoder(hidden=(8,)),
            posterior=DiagonalGaussian(2),
            prior=StandardGaussian(2),
            decoder=MLPDecoder(hidden=(8,)),
            likelihood=Bernoulli(event_shape=(EVENT,)),
        ),
    )


def bits(num: int = 40) -> dict[str, np.ndarray]:
    """Rows of three bits, the second the first's opposite."""
    first, third = np.random.default_rng(0).integers(0, 2, (2, num), np.uint8)
    return {"x": np.stack([first, 1 - first, third], 1)}


def order(num: int = 40, batch_size: int = 8, seed: int = 0) -> BatchOrder:
    return BatchOrder(seed, num, batch_size)


def fold(tree: Any) -> Any:
    """The tree with its typed keys as the integers that they hold."""

    def plain(leaf: Any) -> np.ndarray:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        return np.asarray(leaf)

    return jax.tree.map(plain, tree)


def assert_same_bits(one: Any, two: Any) -> None:
    """Both trees hold the same leaves, bit for bit."""
    assert jax.tree.structure(one) == jax.tree.structure(two)
    paths = [p for p, _ in jax.tree_util.tree_leaves_with_path(one)]
    leaves = zip(jax.tree.leaves(fold(one)), jax.tree.leaves(fold(two)), strict=True)
    for path, (a, b) in zip(paths, leaves, strict=True):
        assert a.dtype == b.dtype, path
        assert a.tobytes() == b.tobytes(), path
