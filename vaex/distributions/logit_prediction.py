"""A predicted share without a density, for loss-only heads on [0, 1]."""

import jax
from jax import Array

from vaex.distributions.point_prediction import PointPrediction


class LogitPrediction(PointPrediction):
    """Predicts sigmoid(logits), in [0, 1]; nothing to score by.

    `mean`, `mode` and `sample` give that value.

    Args:
      logits: [...] unconstrained.

    >>> import jax.numpy as jnp
    >>> LogitPrediction(jnp.array([0.0, 200.0])).mean().tolist()
    [0.5, 1.0]
    """

    def __init__(self, logits: Array):
        super().__init__(logits)

    @property
    def logits(self) -> Array:
        """[...] unconstrained."""
        return self._loc

    @property
    def probs(self) -> Array:
        """[...] the predicted value."""
        return jax.nn.sigmoid(self._loc)

    def _sample_n(self, key: Array, n: int) -> Array:
        return PointPrediction(self.mode())._sample_n(key, n)

    def mean(self) -> Array:
        """The predicted value."""
        return self.probs

    def mode(self) -> Array:
        """The predicted value."""
        return self.probs
