"""Soft F1 of a batch: a loss-only head."""

from typing import Any, Literal

import jax.numpy as jnp
from jax import Array

from vaex.distributions.label_prediction import LabelPrediction
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, support


class SoftF1Loss(Likelihood):
    """1 - F1, with F1_k = 2 TP_k / (2 TP_k + FP_k + FN_k) of probabilities.

    TP_k = sum p x, FP_k = sum p (1 - x), FN_k = sum (1 - p) x over the batch and all
    but the last event axis, whose entries k are the classes; p = sigmoid(l). The
    loss couples the batch: it is one number for all of its examples, between 0 and 1,
    and depends on the batch size. A class without a 1 in the batch is left out.

    Attributes:
      average: "macro", the mean over classes, or "weighted", by their number of ones.

    >>> import jax, jax.numpy as jnp
    >>> head = SoftF1Loss(event_shape=(2,))
    >>> features, x = jnp.zeros((2, 4)), jnp.array([[1.0, 0.0], [1.0, 1.0]])
    >>> variables = head.init(jax.random.key(0), features)
    >>> loss = head.apply(variables, features, x, method="reconstruction_loss")
    >>> [round(float(value), 4) for value in loss]  # 1 - (2/3 + 1/2) / 2
    [0.4167, 0.4167]
    """

    average: Literal["macro", "weighted"] = "macro"

    support = support.binary
    is_normalized = False
    normalized_instead = "Bernoulli"
    marginalizes = True
    couples_batch = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.average not in ("macro", "weighted"):
            raise InputError(
                f"average must be 'macro' or 'weighted', got {self.average!r}"
            )

    @property
    def attribution_shape(self) -> tuple[int, ...]:
        """(): the batch is scored as a whole."""
        return ()

    def distribution(self, logits: Array) -> LabelPrediction:
        """The predicted label."""
        return LabelPrediction(logits)

    def score(
        self, elements: Any, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Minus the loss, [...] for a batch of logits [..., B, *E]."""
        del train
        p, rank = elements.probs, len(self.event_shape)
        x = jnp.broadcast_to(x, p.shape)
        seen = jnp.ones_like(x) if mask is None else mask.astype(x.dtype)
        if not rank:
            p, x, seen = p[..., None], x[..., None], seen[..., None]
        pooled = tuple(range(-max(rank, 1) - 1, -1))
        hit, ones = (seen * p * x).sum(pooled), (seen * x).sum(pooled)
        # 2 TP + FP + FN = sum p + sum x.
        total = (seen * p).sum(pooled) + ones
        some = ones > 0.0
        f1 = jnp.where(some, 2.0 * hit / jnp.where(some, total, 1.0), 0.0)
        weights = some.astype(f1.dtype) if self.average == "macro" else ones
        weight = weights.sum(-1)
        mean = (weights * f1).sum(-1) / jnp.where(weight > 0.0, weight, 1.0)
        return jnp.where(weight > 0.0, mean - 1.0, 0.0)
