"""A prediction without a density, for loss-only heads."""

import distrax
import jax.numpy as jnp
from jax import Array


class PointPrediction(distrax.Distribution):
    """A value that is predicted with certainty but is no distribution to score by.

    `mean`, `mode` and `sample` give the value; `log_prob` raises, so that a loss
    cannot pass for a likelihood.

    Args:
      loc: [...] the predicted values.

    >>> PointPrediction(jnp.ones(3)).mean().tolist()
    [1.0, 1.0, 1.0]
    """

    def __init__(self, loc: Array):
        super().__init__()
        self._loc = jnp.asarray(loc)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Scalar events."""
        return ()

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the prediction."""
        return self._loc.shape

    def _sample_n(self, key: Array, n: int) -> Array:
        del key
        return jnp.broadcast_to(self._loc, (n, *self.batch_shape))

    def mean(self) -> Array:
        """The prediction."""
        return self._loc

    def mode(self) -> Array:
        """The prediction."""
        return self._loc

    def log_prob(self, value: Array) -> Array:
        """Raises: a prediction has no density."""
        raise ValueError(
            "a loss-only head predicts but has no density; choose a normalised "
            "head such as Gaussian to ask for log-probabilities"
        )
