"""Reconstruction error: the baseline without a probability."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import jax.numpy as jnp
from jax import Array

from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example
from vaex.errors import InputError


@dataclass(frozen=True)
class ReconstructionError(Score):
    """E_q mean_d |x_d - E[x_d|z]|^p, p = 2 or 1: no nats, a baseline.

    In units of the prepared values (standard deviations of the training data under
    `Standardize`), squared for p = 2; a mean over observed elements. The expectation
    over q is a mean over posterior samples with its error, not one random
    reconstruction. Its attribution is each element's part, and sums to it.

    Hazards: it takes all elements to be equally predictable, where
    `ReconstructionProbability` asks the head. Of levels that are binarised, x is the
    drawn bits.

    Attributes:
      kind: "squared" or "absolute".

    Source: the baseline of An, Cho, "Variational Autoencoder based Anomaly Detection
      using Reconstruction Probability", SNU Data Mining Center technical report, 2015.

    >>> ReconstructionError().kind
    'squared'
    """

    kind: Literal["squared", "absolute"] = "squared"

    name = "error"
    unit: ClassVar[str] = "prepared units"
    attributes_event = True

    def __post_init__(self) -> None:
        if self.kind not in ("squared", "absolute"):
            raise InputError(f"kind must be squared or absolute, got {self.kind!r}")

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """Errors against E[x|z_s]."""
        z = example.terms(key, num_samples).z
        x, mask = example.batch["x"][0], example.batch.get("mask")
        error = jnp.abs(x - example.predicted(key, z))
        error = error**2 if self.kind == "squared" else error
        seen = jnp.ones(x.shape) if mask is None else mask[0].astype(jnp.float32)
        parts = jnp.where(seen > 0, error, 0.0) / jnp.maximum(seen.sum(), 1.0)
        return Draws(parts.reshape(num_samples, -1).sum(1), parts)
