"""A predicted label without a density, for loss-only heads on {0, 1}."""

from jax import Array

from vaex.distributions.logit_prediction import LogitPrediction


class LabelPrediction(LogitPrediction):
    """Predicts 1 where sigmoid(logits) is above 1/2, else 0; nothing to score by.

    `mean` is the predicted share, `mode` and `sample` the label.

    Args:
      logits: [...] unconstrained.

    >>> import jax.numpy as jnp
    >>> prediction = LabelPrediction(jnp.array([-1e4, 0.0, 1e4]))
    >>> prediction.mean().tolist(), prediction.mode().tolist()
    ([0.0, 0.5, 1.0], [0.0, 0.0, 1.0])
    """

    def mode(self) -> Array:
        """The label, [...]: 0 or 1."""
        return (self._loc > 0.0).astype(self._loc.dtype)
