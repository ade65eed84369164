"""Posterior of independent categorical variables, without a path gradient."""

from collections.abc import Mapping

from jax import Array

from vaex.distributions.categorical_vectors import (
    CategoricalVectors,
    one_hot_categoricals,
)
from vaex.posteriors._categories import CategoricalPosterior


class Categorical(CategoricalPosterior):
    """q(z|x) = prod_v prod_c p_vc^z_vc, z of V one-hot blocks, p = softmax(logits).

    Samples are exact and pass no gradient, so that only estimators by the score
    function can train it: `vimco`, or reweighted wake-sleep. An objective that
    differentiates through samples is refused. The KL to a `Categorical` prior has a
    closed form, by variable.

    Its mean is the vector of probabilities; units that are counted as active are
    components of it, so that a used variable counts up to C times.

    Attributes:
      latent_dim: L = V C; leave it out.
      min_scale: of no effect, there is no scale.
      num_variables: V.
      num_categories: C, of each variable.

    Source: Mnih, Rezende, "Variational Inference for Monte Carlo Objectives", ICML
      2016, https://arxiv.org/abs/1602.06725 (there of binary variables).

    >>> import jax, jax.numpy as jnp
    >>> posterior = Categorical(num_variables=3, num_categories=4)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> q.event_shape, float(q.sample(seed=jax.random.key(1)).sum())
    ((12,), 6.0)
    """

    is_reparameterized = False

    def from_raw(self, raw: Array, settings: Mapping[str, Array]) -> CategoricalVectors:
        """Of logits [..., V, C]."""
        del settings
        return one_hot_categoricals(raw)
