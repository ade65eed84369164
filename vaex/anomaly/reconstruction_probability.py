"""Reconstruction probability: minus the expected log-probability of the row."""

from dataclasses import dataclass
from typing import Any

from jax import Array

from vaex.anomaly._requirements import need_density
from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example


@dataclass(frozen=True)
class ReconstructionProbability(Score):
    """-E_q(z|x) log p(x|z), in nats of the data in their own unit.

    The mean of log-probabilities over posterior samples, each of the whole row: what
    the paper calls reconstruction probability, with the sign turned. Its attribution is
    -E_q log p(x_d|z) for each element that the head scores, and sums to it.

    Hazards: it says nothing about how odd z itself is (`NegativeELBO` adds the rate).
    The scale of the head decides: a Gaussian one with too low a floor finds any change
    of an element that never varied in training to be the oddest of all.

    Source: An, Cho, "Variational Autoencoder based Anomaly Detection using
      Reconstruction Probability", SNU Data Mining Center technical report, 2015.

    >>> ReconstructionProbability.name
    'reconstruction'
    """

    name = "reconstruction"

    def check(self, model: Any) -> None:
        """A head with a density."""
        need_density(self.name, model)

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """-log p(x_d|z_s) and its sum."""
        z = example.terms(key, num_samples).z
        nats = -example.log_px_by_dimension(key, z)
        return Draws(nats.reshape(num_samples, -1).sum(1), nats)
