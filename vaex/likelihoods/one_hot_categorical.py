"""Categorical likelihood on one-hot vectors."""

import distrax
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, support


class OneHotCategorical(Likelihood):
    """p(x|z) = prod_d softmax(l_d)[k_d], x_d the unit vector of class k_d.

    On one-hot vectors along the last event axis of length K, such as letters of a
    sequence (length, alphabet); one raw number per element, the logit. The same
    density as Categorical has on the indices. The mean are the probabilities. A mask
    must be constant along the last axis.

    >>> import jax
    >>> head = OneHotCategorical(event_shape=(5, 4))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 8)))
    >>> head.apply(variables, jnp.zeros((2, 8)), method="mean")[0, 0].tolist()
    [0.25, 0.25, 0.25, 0.25]

    Source: Bishop, "Pattern Recognition and Machine Learning", Springer 2006, the
      section on multinomial variables.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.event_shape and self.event_shape[-1] < 2:
            raise InputError(
                "event_shape must end in the number of classes, at least 2, got "
                f"{self.event_shape}"
            )

    @property
    def support(self) -> support.Support:
        """One-hot vectors along the last axis."""
        return support.one_hot(self.event_shape[-1] if self.event_shape else 2)

    @property
    def attribution_shape(self) -> tuple[int, ...]:
        """One number for each vector."""
        return self.event_shape[:-1]

    def distribution(self, logits: Array) -> "_OneHot":
        """Categorical over the last axis."""
        if not self.event_shape:
            raise InputError(
                "event_shape must have an axis for the classes, got (); give one-hot "
                "vectors, or use Categorical for indices"
            )
        return _OneHot(logits=logits)


class _OneHot(distrax.OneHotCategorical):
    """distrax's, with the moments of its vectors."""

    def mean(self) -> Array:
        return jnp.asarray(self.probs)

    def variance(self) -> Array:
        return self.mean() * (1.0 - self.mean())

    def mode(self) -> Array:
        return jnp.asarray(super().mode(), jnp.float32)
