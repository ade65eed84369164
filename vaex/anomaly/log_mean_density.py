"""Minus the logarithm of the mean density of a row over posterior samples."""

from dataclasses import dataclass
from typing import Any

from jax import Array

from vaex.anomaly._requirements import need_density
from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example


@dataclass(frozen=True)
class LogMeanDensity(Score):
    """-log E_q(z|x) p(x|z), in nats of the data in their own unit.

    Never above `ReconstructionProbability` (Jensen's inequality): one good sample is
    enough. Public code that averages densities means this; it is computed from
    log-probabilities of whole rows, so that neither end of float32 is reached, and it
    is no average over elements.

    Hazards: the logarithm of a mean of S draws is above its limit by about se^2 / 2;
    where few samples carry the mean, the error is itself uncertain. Not log p(x): the
    prior has no part in it (`NegativeLogMarginal` has).

    Source: the mean that "reconstruction probability" is often taken for; see An, Cho,
      "Variational Autoencoder based Anomaly Detection using Reconstruction
      Probability", SNU Data Mining Center technical report, 2015.

    >>> LogMeanDensity.is_log_mean
    True
    """

    name = "log_mean_density"
    is_log_mean = True

    def check(self, model: Any) -> None:
        """A head with a density."""
        need_density(self.name, model)

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """Log p(x|z_s)."""
        log_px_z = example.terms(key, num_samples).log_px_z
        assert log_px_z is not None
        return Draws(log_px_z[:, 0] + example.log_det)
