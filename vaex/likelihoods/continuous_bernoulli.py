"""Continuous Bernoulli likelihood on [0, 1]."""

from jax import Array

from vaex import support
from vaex.distributions.continuous_bernoulli import (
    ContinuousBernoulli as ContinuousBernoulliDistribution,
)
from vaex.likelihoods.base import Likelihood


class ContinuousBernoulli(Likelihood):
    """p(x|z) = prod_d C(l_d) sigma(l_d)^x_d (1 - sigma(l_d))^(1 - x_d), x in [0, 1].

    One raw number per element, the logit. The normaliser C is what the
    cross-entropy on grey values leaves out.

    Source: Loaiza-Ganem, Cunningham, "The continuous Bernoulli: fixing a pervasive
      error in variational autoencoders", NeurIPS 2019,
      https://arxiv.org/abs/1907.06845.

    >>> import jax, jax.numpy as jnp
    >>> head = ContinuousBernoulli(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> x = jnp.full((2, 3), 0.3)
    >>> log_prob = head.apply(variables, jnp.zeros((2, 4)), x, method="log_prob")
    >>> bool((abs(log_prob) < 1e-5).all())
    True
    """

    support = support.unit_interval
    ignores_event_shape = True

    def distribution(self, logits: Array) -> ContinuousBernoulliDistribution:
        """Continuous Bernoulli with these logits."""
        return ContinuousBernoulliDistribution(logits)
