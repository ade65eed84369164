"""Cross entropy that weighs classes and elements: a loss-only head."""

import jax.numpy as jnp
import numpy as np
from jax import Array, nn

from vaex.distributions.label_prediction import LabelPrediction
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, support

Weights = tuple[float, ...] | tuple[tuple[float, ...], ...]


class WeightedBinaryCrossEntropy(Likelihood):
    """-sum_d v_d (w x_d log p_d + (1 - x_d) log(1 - p_d)), p = sigmoid(l).

    For masks and labels of which one class is rare (w above 1 makes a missed 1
    dearer) or some places count more (v). The predicted p is no longer the
    probability of a 1: where w = 3, p = 1/2 stands for 1/4.

    Attributes:
      positive_weight: w, of the ones, above 0.
      element_weights: v, nested lists that broadcast against event_shape, none
        negative; None: 1.

    >>> import jax, jax.numpy as jnp
    >>> head = WeightedBinaryCrossEntropy(event_shape=(2,), positive_weight=3.0)
    >>> features, x = jnp.zeros((1, 4)), jnp.array([[1.0, 0.0]])
    >>> variables = head.init(jax.random.key(0), features)
    >>> loss = head.apply(variables, features, x, method="reconstruction_loss")
    >>> [round(float(value / jnp.log(2.0)), 4) for value in loss]
    [4.0]
    """

    positive_weight: float = 1.0
    element_weights: Weights | None = None

    support = support.binary
    is_normalized = False
    normalized_instead = "Bernoulli"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.positive_weight < np.inf:
            raise InputError(
                f"positive_weight must be above 0 and finite, got "
                f"{self.positive_weight}"
            )
        if self.element_weights is None:
            return
        weights = np.array(self.element_weights, np.float64)
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise InputError(
                "element_weights must be finite and not negative, got "
                f"{self.element_weights}"
            )
        try:
            fits = np.broadcast_shapes(weights.shape, self.event_shape)
        except ValueError:
            fits = None
        if fits != self.event_shape:
            raise InputError(
                f"element_weights must broadcast against event_shape "
                f"{self.event_shape}, got shape {weights.shape}"
            )

    def distribution(self, logits: Array) -> LabelPrediction:
        """The predicted label."""
        return LabelPrediction(logits)

    def score(
        self, elements: LabelPrediction, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Minus the weighted cross entropy by element."""
        del mask, train
        logits = elements.logits
        ones = self.positive_weight * x * nn.softplus(-logits)
        loss = ones + (1.0 - x) * nn.softplus(logits)
        if self.element_weights is None:
            return -loss
        return -jnp.asarray(self.element_weights, loss.dtype) * loss
