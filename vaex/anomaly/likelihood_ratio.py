"""Likelihood ratio against a background model."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from vaex.anomaly._requirements import need_weights
from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example
from vaex.errors import InputError
from vaex.types import log_weights


@dataclass(frozen=True, eq=False)
class LikelihoodRatio(Score):
    """-(log p(x) - log p_background(x)), nats.

    What both models find likely, the background, cancels; what is left is the part of
    the row that only the first has learnt. The background is a second model of the same
    data, trained on perturbed rows (`preparation=denoising` does not do it: perturb the
    stored rows) or with more weight decay. Both terms are importance-weighted estimates
    with as many samples; the error is that of their difference, drawn independently.
    What a preparation draws (bits of grey levels) is the same for both where their
    preparations are the same.

    Hazards: it is as good as the background. In the data's own unit both densities
    are, so that two preparations may differ.

    Attributes:
      model: background, unbound.
      variables: its.
      preparation: its, of the same stored rows.

    Source: Ren, Liu, Fertig, Snoek, Poplin, DePristo, Dillon, Lakshminarayanan,
      "Likelihood Ratios for Out-of-Distribution Detection", NeurIPS 2019,
      https://arxiv.org/abs/1906.02845.

    >>> LikelihoodRatio().is_fitted
    False
    """

    model: Any = None
    variables: Any = None
    preparation: Any = None

    name = "ratio"
    is_log_mean = True
    needs_fit = True

    @property
    def is_fitted(self) -> bool:
        """Whether there is a background."""
        return self.model is not None

    def check(self, model: Any) -> None:
        """Importance weights of both."""
        if self.model is None:
            raise InputError(
                "score=ratio needs a background model: LikelihoodRatio(model, "
                "variables, preparation), such as those of vaex.load(run)"
            )
        need_weights(self.name, model)
        need_weights(self.name, self.model)

    def arrays(self) -> Any:
        """The background's variables."""
        return {"variables": self.variables}

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """Log weights under both, [S, 2]."""
        own, other = jax.random.split(key)
        background = Example.prepared(
            self.model,
            example.arrays["variables"],
            self.preparation,
            example.stored,
            example.key,
            {},
        )
        found = [
            log_weights(each.terms(k, num_samples))[:, 0] + each.log_det
            for each, k in ((example, own), (background, other))
        ]
        return Draws(jnp.stack(found, -1))

    def finish(self, value: Array, se: Array, arrays: Any) -> tuple[Array, Array]:
        """Difference of the two -log p(x)."""
        return value[0] - value[1], jnp.sqrt((se**2).sum())
