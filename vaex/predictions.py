"""Reconstructions, latents and probabilities of whole arrays: `vaex.predict`."""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.errors import InputError
from vaex.loaded_model import LoadedModel, load

BLOCK = 256
"""Rows decoded at a time; a row does not depend on the others."""


class Predictions(NamedTuple):
    """What a model says of N rows, numpy arrays.

    Attributes:
      reconstruction: [N, *E], E[x|z] in the unit of the data, at z = latent; the mode
        where x has no mean (class labels).
      latent: [N, L], the mean of q(z|x) (a draw by a fixed key where it has none); of
        layers the tuple.
      probabilities: [N, *E] of 1, for a head on bits, or [N, *E, K] of each class; None
        for a head that is not made of logits.
    """

    reconstruction: np.ndarray
    latent: Any
    probabilities: np.ndarray | None


def predict(
    run: LoadedModel | str | Path, x: Any, condition: Any = None, mask: Any = None
) -> Predictions:
    """What a trained model makes of rows: the code, its reconstruction, probabilities.

    A cell that `mask` hides is filled in by the reconstruction.

    Args:
      run: run directory, export, or what `vaex.load` gave for one.
      x: [N, *E] in the unit of the data; see `LoadedModel`.
      condition: [N, C] of a conditional model.
      mask: [N, *E], True where observed.

    Raises:
      InputError: if the rows do not fit the model, or it cannot be read.
    """
    model = run if isinstance(run, LoadedModel) else load(run)
    if not isinstance(model, LoadedModel):
        raise InputError(
            f"run must be a run directory or an export, got {run}, which holds a "
            f"{type(model).__name__}; vaex.load it and use its own methods"
        )
    latent = model.encode(x, condition, mask)
    reconstruction = model.reconstruct(x, condition, mask)
    return Predictions(reconstruction, latent, _probabilities(model, latent, condition))


def _probabilities(
    model: LoadedModel, latent: Any, condition: Any
) -> np.ndarray | None:
    if condition is not None:
        condition = np.asarray(condition, np.float32)
    total, found = len(jax.tree.leaves(latent)[0]), []
    for start in range(0, total, BLOCK):
        rows = np.minimum(np.arange(start, start + BLOCK), total - 1)
        z = jax.tree.map(lambda values, rows=rows: values[rows], latent)
        few = None if condition is None else condition[rows]
        try:
            block = _program(model)(model.variables, z, few)
        except _NotOfLogits:
            return None
        found.append(jax.device_get(block))
    return np.concatenate(found)[:total]


class _NotOfLogits(Exception):
    """The head has no probabilities."""


@lru_cache(maxsize=8)
def _program(model: LoadedModel) -> Any:
    """Z and condition to probabilities, compiled once for a model."""

    def of(bound: Any, z: Any, condition: Array | None) -> Array:
        lowest = z[0] if isinstance(z, tuple) else z  # of layers the first makes x
        features = bound.decoder(lowest, condition, train=False)
        axes = bound.decoder.event_axes
        try:
            return bound.likelihood.probabilities(features, axes=axes)
        except ValueError as error:
            raise _NotOfLogits from error

    @jax.jit
    def run(variables: Any, z: Any, condition: Array | None) -> Array:
        z = jax.tree.map(jnp.asarray, z)
        return nn.apply(of, model.model)(variables, z, condition)

    return run
