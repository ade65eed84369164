"""Prior of relaxed categorical (Concrete) variables."""

from collections.abc import Callable
from typing import Any, ClassVar

import flax.linen as nn
from jax import Array

from vaex.distributions.categorical_vectors import (
    CategoricalVectors,
    relaxed_categoricals,
)
from vaex.errors import InputError
from vaex.priors._categories import CategoricalPrior


class RelaxedCategorical(CategoricalPrior):
    """p(z): V blocks z_v = softmax((logits_v + Gumbel) / t), on the simplex.

    For the posterior `RelaxedCategorical`, with as many variables and categories. The
    temperature is a part of the model p(x, z) and stays; at the posterior's own, the
    posterior can be the prior, and the KL 0.

    Attributes:
      latent_dim: L = V C; leave it out.
      num_variables: V.
      num_categories: C, of each variable.
      learned: whether logits are learned; they start at 0.
      temperature: t.

    Source: Maddison, Mnih, Teh, "The Concrete Distribution: A Continuous Relaxation
      of Discrete Random Variables", ICLR 2017, https://arxiv.org/abs/1611.00712.

    >>> import jax.numpy as jnp
    >>> prior = RelaxedCategorical(num_variables=1, num_categories=3, temperature=1.0)
    >>> z = jnp.full(3, 1 / 3)
    >>> round(float(jnp.exp(prior.apply({}, None).log_prob(z))), 4)
    2.0
    """

    temperature: float = 2 / 3

    space: ClassVar[str | None] = "the simplex"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.temperature > 0:
            raise InputError(f"temperature must be above 0, got {self.temperature}")

    @nn.compact
    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> CategoricalVectors:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        return relaxed_categoricals(self.logits(), self.temperature)
