"""Squared error of differences within an example: a loss-only head."""

from typing import Any

import jax.numpy as jnp
from jax import Array

from vaex.distributions.point_prediction import PointPrediction
from vaex.likelihoods.base import Likelihood


class PairwiseMeanSquaredError(Likelihood):
    """Mean over the pairs i < j of ((x_i - x_j) - (f_i - f_j))^2.

    Of an example's elements: what is predicted up to a constant offset costs 0. With
    d = x - f it is 2 n/(n - 1) times the variance of d over the n observed elements,
    which costs no loop over pairs; 0 for fewer than two.

    >>> import jax, jax.numpy as jnp
    >>> head = PairwiseMeanSquaredError(event_shape=(3,))
    >>> features, x = jnp.zeros((2, 4)), jnp.array([[0.0, 1.0, 2.0], [5.0, 5.0, 5.0]])
    >>> variables = head.init(jax.random.key(0), features)
    >>> head.apply(variables, features, x, method="reconstruction_loss").tolist()
    [2.0, 0.0]
    """

    is_normalized = False
    normalized_instead = "FullCovarianceGaussian"
    marginalizes = True

    @property
    def attribution_shape(self) -> tuple[int, ...]:
        """(): the event is scored as a whole."""
        return ()

    def distribution(self, loc: Array) -> PointPrediction:
        """The prediction."""
        return PointPrediction(loc)

    def score(
        self, elements: Any, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Minus the loss, [..., B]."""
        del train
        event = tuple(range(-len(self.event_shape), 0))
        difference = x - elements.mean()
        seen = jnp.ones_like(difference)
        if mask is not None:
            seen = seen * mask.astype(seen.dtype)
        count = seen.sum(event, keepdims=True)
        mean = (seen * difference).sum(event, keepdims=True) / jnp.maximum(count, 1.0)
        squared = (seen * jnp.square(difference - mean)).sum(event)
        return -2.0 * squared / jnp.maximum(count.reshape(squared.shape) - 1.0, 1.0)
