"""Categorical likelihood on integer classes."""

import distrax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, support


class Categorical(Likelihood):
    """p(x|z) = prod_d softmax(l_d)[x_d], x_d in {0, ..., K - 1}.

    K raw numbers per element, the logits; no order among the classes is assumed.

    Attributes:
      num_classes: K; taken from the data where it is not given.

    >>> import jax, jax.numpy as jnp
    >>> head = Categorical(event_shape=(3,), num_classes=4)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="probabilities").shape
    (2, 3, 4)
    """

    num_classes: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_classes < 2:
            raise InputError(f"num_classes must be at least 2, got {self.num_classes}")

    @property
    def num_params(self) -> int:
        """One logit per class."""
        return self.num_classes

    @property
    def support(self) -> support.Support:
        """The class indices."""
        return support.integers(self.num_classes)

    def from_raw(self, raw: Array) -> "_Labels":
        """Categorical over the last axis."""
        return _Labels(logits=raw)


class _Labels(distrax.Categorical):
    """distrax's, for labels that stand in a float array as any data do."""

    def log_prob(self, value: ArrayLike) -> Array:
        return jnp.asarray(super().log_prob(jnp.asarray(value).astype(jnp.int32)))
