"""Absolute error: a loss-only head."""

import jax.numpy as jnp
from jax import Array

from vaex.distributions.point_prediction import PointPrediction
from vaex.likelihoods.base import Likelihood


class MeanAbsoluteError(Likelihood):
    """sum_d |x_d - f_d|: trains and predicts the median, but is no density.

    Summed over the event, averaged over the batch. Laplace with scale 1 is the same
    objective with its constant, log 2 for each element.

    >>> import jax
    >>> head = MeanAbsoluteError(event_shape=(3,))
    >>> features, x = jnp.zeros((2, 4)), 2 * jnp.ones((2, 3))
    >>> variables = head.init(jax.random.key(0), features)
    >>> head.apply(variables, features, x, method="reconstruction_loss").tolist()
    [6.0, 6.0]
    """

    is_normalized = False
    normalized_instead = "Laplace"
    ignores_event_shape = True

    def distribution(self, loc: Array) -> PointPrediction:
        """The prediction."""
        return PointPrediction(loc)

    def score(
        self, elements: PointPrediction, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Minus the absolute error by element."""
        del mask, train
        return -jnp.abs(x - elements.mean())
