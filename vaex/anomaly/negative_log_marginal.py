"""Minus the importance-weighted estimate of log p(x)."""

from dataclasses import dataclass
from typing import Any

from jax import Array

from vaex.anomaly._requirements import need_weights
from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example
from vaex.types import log_weights


@dataclass(frozen=True)
class NegativeLogMarginal(Score):
    """-log (1/K) sum_k p(x|z_k) p(z_k) / q(z_k|x), in nats of the data in their unit.

    Consistent for -log p(x); K is the scorer's number of samples. Its expectation is
    above -log p(x), and not below that of a larger K: the bias is about se^2 / 2 where
    the weights have a variance. Where q is much narrower than the true posterior they
    have none, and neither error nor bias can be read off the draws.

    Hazards: as of `NegativeELBO`, high density is not the same as familiar.

    Source: Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders", ICLR 2016,
      https://arxiv.org/abs/1509.00519.

    >>> NegativeLogMarginal().unit
    'nats'
    """

    name = "log_marginal"
    is_log_mean = True

    def check(self, model: Any) -> None:
        """Importance weights."""
        need_weights(self.name, model)

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """Log weights."""
        terms = example.terms(key, num_samples)
        return Draws(log_weights(terms)[:, 0] + example.log_det)
