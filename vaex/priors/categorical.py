"""Prior of independent categorical variables."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
from jax import Array

from vaex.distributions.categorical_vectors import (
    CategoricalVectors,
    one_hot_categoricals,
)
from vaex.priors._categories import CategoricalPrior


class Categorical(CategoricalPrior):
    """p(z) = prod_v prod_c p_vc^z_vc, z of V one-hot blocks; p uniform or learned.

    For the posteriors `Categorical` and `StraightThroughCategorical`, with as many
    variables and categories.

    Attributes:
      latent_dim: L = V C; leave it out.
      num_variables: V.
      num_categories: C, of each variable.
      learned: whether p = softmax(logits) is learned; it starts uniform.

    >>> import jax.numpy as jnp
    >>> prior = Categorical(num_variables=2, num_categories=2).apply({}, None)
    >>> round(float(prior.log_prob(jnp.array([1.0, 0.0, 0.0, 1.0]))), 4)
    -1.3863
    """

    @nn.compact
    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> CategoricalVectors:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        return one_hot_categoricals(self.logits())
