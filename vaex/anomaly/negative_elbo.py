"""The negative ELBO of a row."""

from dataclasses import dataclass
from typing import Any

from jax import Array

from vaex.anomaly._requirements import (
    need_density,
    need_posterior_density,
    need_prior_density,
)
from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example


@dataclass(frozen=True)
class NegativeELBO(Score):
    """-E_q log p(x|z) + KL(q(z|x) || p(z)), in nats of the data in their own unit.

    An upper bound on -log p(x): what training minimises (with beta = 1 and no free
    bits, whatever the objective was). The KL is in closed form where the model has one,
    else its single-sample estimates, whose noise is in the standard error.

    Hazards: densities of models may be higher on unfamiliar data than on familiar ones
    (Nalisnick et al., "Do Deep Generative Models Know What They Don't Know?", ICLR
    2019, https://arxiv.org/abs/1810.09136); see `Typicality` and `LikelihoodRatio`.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114.

    >>> NegativeELBO().is_fitted
    True
    """

    name = "elbo"

    def check(self, model: Any) -> None:
        """Densities of head, posterior and prior."""
        need_density(self.name, model)
        need_posterior_density(self.name, model)
        need_prior_density(self.name, model)

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """-log p(x|z_s) + KL."""
        terms = example.terms(key, num_samples)
        assert terms.log_px_z is not None
        assert terms.kl is not None
        nats = terms.kl[:, 0].sum(-1) - terms.log_px_z[:, 0]
        return Draws(nats - example.log_det)
