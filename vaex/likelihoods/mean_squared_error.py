"""Squared error: a loss-only head."""

from jax import Array

from vaex.distributions.point_prediction import PointPrediction
from vaex.likelihoods.base import Likelihood


class MeanSquaredError(Likelihood):
    """sum_d (x_d - f_d)^2: trains and predicts, but is no density.

    Summed over the event, averaged over the batch, as every loss here. Asking it
    for a log-probability raises; FixedScaleGaussian is the same objective with its
    constants (scale^2 = 1/2) and SharedScaleGaussian learns the weight.

    >>> import jax, jax.numpy as jnp
    >>> head = MeanSquaredError(event_shape=(3,))
    >>> features, x = jnp.zeros((2, 4)), jnp.ones((2, 3))
    >>> variables = head.init(jax.random.key(0), features)
    >>> head.apply(variables, features, x, method="reconstruction_loss").tolist()
    [3.0, 3.0]
    """

    is_normalized = False
    ignores_event_shape = True

    def distribution(self, loc: Array) -> PointPrediction:
        """The prediction."""
        return PointPrediction(loc)

    def score(
        self, elements: PointPrediction, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Minus the squared error by element."""
        del mask, train
        return -((x - elements.mean()) ** 2)
