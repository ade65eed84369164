"""Focal loss: a loss-only head."""

import jax.numpy as jnp
from jax import Array, nn

from vaex.distributions.label_prediction import LabelPrediction
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, support


class FocalLoss(Likelihood):
    """-sum_d a_t (1 - p_t)^gamma log p_t, p_t the predicted probability of x_d.

    Elements that are right already count little; gamma = 0 is the cross entropy.
    a_t is alpha for ones and 1 - alpha for zeros.

    Attributes:
      gamma: the focus, at least 0.
      alpha: weight of the ones, between 0 and 1; None: no weights.

    Numerics: from logits; a wrong element at logit 100 costs 100, not 0.

    Source: Lin, Goyal, Girshick, He, Dollar, "Focal Loss for Dense Object
      Detection", ICCV 2017, https://arxiv.org/abs/1708.02002.

    >>> import jax, jax.numpy as jnp
    >>> head = FocalLoss(event_shape=(1,))
    >>> features, x = jnp.zeros((1, 4)), jnp.ones((1, 1))
    >>> variables = head.init(jax.random.key(0), features)
    >>> loss = head.apply(variables, features, x, method="reconstruction_loss")
    >>> [round(float(value / jnp.log(2.0)), 4) for value in loss]
    [0.25]
    """

    gamma: float = 2.0
    alpha: float | None = None

    support = support.binary
    is_normalized = False
    normalized_instead = "Bernoulli"
    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.gamma >= 0:
            raise InputError(f"gamma must be at least 0, got {self.gamma}")
        if self.alpha is not None and not 0 <= self.alpha <= 1:
            raise InputError(f"alpha must lie between 0 and 1, got {self.alpha}")

    def distribution(self, logits: Array) -> LabelPrediction:
        """The predicted label."""
        return LabelPrediction(logits)

    def score(
        self, elements: LabelPrediction, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Minus the focal loss by element."""
        del mask, train
        towards = jnp.where(x > 0.5, elements.logits, -elements.logits)
        # (1 - p_t)^gamma by its logarithm, whose slope is finite everywhere.
        focus = jnp.exp(self.gamma * nn.log_sigmoid(-towards))
        score = focus * nn.log_sigmoid(towards)
        if self.alpha is None:
            return score
        return jnp.where(x > 0.5, self.alpha, 1.0 - self.alpha) * score
