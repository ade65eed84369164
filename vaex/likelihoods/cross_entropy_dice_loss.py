"""Cross entropy and Dice loss together: a loss-only head."""

from typing import Any

import jax.numpy as jnp
from jax import Array, nn

from vaex.errors import InputError
from vaex.likelihoods.base import support
from vaex.likelihoods.dice_loss import DiceLoss


class CrossEntropyDiceLoss(DiceLoss):
    """Cross entropy per observed element plus w times the Dice loss.

    The cross entropy is averaged over the event here, not summed, so that it does
    not outweigh the Dice loss, which is at most 1: it gives slopes where the masks do
    not overlap at all.

    Attributes:
      smooth: s of the Dice loss.
      dice_weight: w, at least 0.

    >>> import jax, jax.numpy as jnp
    >>> head = CrossEntropyDiceLoss(event_shape=(2, 2), smooth=1.0)
    >>> features, x = jnp.zeros((1, 4)), jnp.ones((1, 2, 2))
    >>> variables = head.init(jax.random.key(0), features)
    >>> loss = head.apply(variables, features, x, method="reconstruction_loss")
    >>> [round(float(value), 4) for value in loss]
    [0.9789]
    """

    dice_weight: float = 1.0

    support = support.binary

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.dice_weight >= 0:
            raise InputError(f"dice_weight must be at least 0, got {self.dice_weight}")

    def score(
        self, elements: Any, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Minus the loss, [..., B]."""
        dice = super().score(elements, x, mask, train=train)
        seen = jnp.ones_like(x) if mask is None else mask.astype(x.dtype)
        event = tuple(range(-len(self.event_shape), 0))
        wrong = nn.softplus(jnp.where(x > 0.5, -elements.logits, elements.logits))
        mean = (seen * wrong).sum(event) / jnp.maximum(seen.sum(event), 1.0)
        return self.dice_weight * dice - mean
