"""Dice loss: a loss-only head."""

from typing import Any

import jax.numpy as jnp
from jax import Array

from vaex.distributions.label_prediction import LabelPrediction
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, support


class DiceLoss(Likelihood):
    """1 - (2 sum_d p_d x_d + s) / (sum_d p_d + sum_d x_d + s), p = sigmoid(l).

    One number between 0 and 1 for each example: the overlap of a predicted mask with
    the true one, whatever their size. Cells that are not observed are left out.

    Attributes:
      smooth: s, above 0; an example without ones that is predicted so costs 0.

    Source: Milletari, Navab, Ahmadi, "V-Net: Fully Convolutional Neural Networks for
      Volumetric Medical Image Segmentation", 3DV 2016,
      https://arxiv.org/abs/1606.04797, which squares the terms below; the linear
      form with s is the one in common use.

    >>> import jax, jax.numpy as jnp
    >>> head = DiceLoss(event_shape=(2, 2), smooth=1.0)
    >>> features, x = jnp.zeros((1, 4)), jnp.ones((1, 2, 2))
    >>> variables = head.init(jax.random.key(0), features)
    >>> loss = head.apply(variables, features, x, method="reconstruction_loss")
    >>> [round(float(value), 4) for value in loss]
    [0.2857]
    """

    smooth: float = 1.0

    support = support.binary
    is_normalized = False
    normalized_instead = "Bernoulli"
    marginalizes = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.smooth > 0:
            raise InputError(f"smooth must be above 0, got {self.smooth}")

    @property
    def attribution_shape(self) -> tuple[int, ...]:
        """(): the event is scored as a whole."""
        return ()

    def distribution(self, logits: Array) -> LabelPrediction:
        """The predicted label."""
        return LabelPrediction(logits)

    def score(
        self, elements: Any, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Minus the Dice loss, [..., B]."""
        del train
        seen = jnp.ones_like(x) if mask is None else mask.astype(x.dtype)
        event = tuple(range(-len(self.event_shape), 0))
        p = elements.probs
        overlap = (seen * p * x).sum(event)
        total = (seen * (p + x)).sum(event)
        return (2.0 * overlap + self.smooth) / (total + self.smooth) - 1.0
