"""Typicality: how far a row's log-density is from what is usual."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.anomaly._requirements import need_weights
from vaex.anomaly.base import Draws, Score
from vaex.anomaly.example import Example
from vaex.anomaly.negative_log_marginal import NegativeLogMarginal
from vaex.anomaly.scorer import Scorer
from vaex.errors import InputError


@dataclass(frozen=True)
class Typicality(Score):
    """|-log p(x) - H|, nats, with H the mean of -log p over the training data.

    Rows are odd whose density is unusually low or unusually high. The test of the paper
    is on batches; this is its form for single rows, a batch of one. log p(x) is
    estimated by importance weights, see `NegativeLogMarginal` for its bias, which the
    difference from H, estimated with as many samples, mostly cancels.

    Hazards: in the body of the data the score is folded at H, and where it is
    within a few standard errors of 0 its error is not that of a Gaussian.

    Attributes:
      entropy: H, set by `fit`.
      num_samples: K for each training row in `fit`; take that of the scorer.

    Source: Nalisnick, Matsukawa, Teh, Lakshminarayanan, "Detecting Out-of-Distribution
      Inputs to Deep Generative Models Using Typicality", 2019,
      https://arxiv.org/abs/1906.02994.

    >>> Typicality().is_fitted, Typicality(entropy=3.5).is_fitted
    (False, True)
    """

    entropy: float | None = None
    num_samples: int = 64

    name = "typicality"
    is_log_mean = True
    needs_fit = True

    @property
    def is_fitted(self) -> bool:
        """Whether `entropy` is there."""
        return self.entropy is not None

    def check(self, model: Any) -> None:
        """Importance weights."""
        need_weights(self.name, model)

    def fit(
        self,
        model: Any,
        variables: Any,
        preparation: Any,
        rows: Mapping[str, np.ndarray],
        *,
        seed: int = 0,
    ) -> Self:
        """With the mean of -log p over training rows."""
        self.check(model)
        scorer = Scorer(
            model,
            variables,
            preparation,
            NegativeLogMarginal(),
            num_samples=self.num_samples,
            seed=seed,
        )
        entropy = float(scorer(rows).value.mean())
        if not np.isfinite(entropy):
            raise InputError(
                f"rows must be possible under the model, but the mean of -log p(x) is "
                f"{entropy}; use score=reconstruction"
            )
        return replace(self, entropy=entropy)

    def arrays(self) -> Any:
        """H."""
        return {"entropy": np.float32(0.0 if self.entropy is None else self.entropy)}

    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """Log weights."""
        return NegativeLogMarginal().draw(example, prepared, key, num_samples)

    def finish(self, value: Array, se: Array, arrays: Any) -> tuple[Array, Array]:
        """|value - H|."""
        return jnp.abs(value - arrays["entropy"]), se
