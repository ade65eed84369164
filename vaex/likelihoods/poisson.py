"""Poisson likelihood on counts."""

from jax import Array

from vaex.distributions.poisson import Poisson as PoissonDistribution
from vaex.likelihoods._bounded import bounded_log
from vaex.likelihoods.base import Likelihood, support


class Poisson(Likelihood):
    """p(x|z) = prod_d Poisson(x_d; exp(l_d)), the log-rate predicted from z.

    On {0, 1, 2, ...}: counts of independent events, whose variance is their mean
    (NegativeBinomial frees it, ZeroInflated adds zeros). One raw number per element; l
    = raw - softplus(raw - 16), which is raw for rates up to thousands, and keeps them
    below 9e6.

    Source: McCullagh, Nelder, "Generalized Linear Models", second edition, Chapman and
      Hall 1989, the chapter on log-linear models.

    >>> import jax, jax.numpy as jnp
    >>> head = Poisson(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> mean = head.apply(variables, jnp.zeros((2, 4)), method="mean")
    >>> [round(float(m), 4) for m in mean[0]]
    [1.0, 1.0, 1.0]
    """

    support = support.nonnegative_integers
    ignores_event_shape = True

    def distribution(self, raw: Array) -> PoissonDistribution:
        """Poisson with this log-rate, bounded."""
        return PoissonDistribution(bounded_log(raw))
