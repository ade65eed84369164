"""Exponential likelihood on numbers from 0 on."""

from jax import Array

from vaex.distributions.exponential import Exponential as ExponentialDistribution
from vaex.likelihoods.base import Likelihood, positive, support


class Exponential(Likelihood):
    """p(x|z) = prod_d exp(-x_d / scale_d) / scale_d, the mean scale_d predicted from z.

    On [0, inf), 0 included: waiting times, and magnitudes most of which are small.
    scale = min_scale + softplus(raw). Gamma and Weibull free its shape, for x above 0.

    Source: Johnson, Kotz, Balakrishnan, "Continuous Univariate Distributions", volume
      1, Wiley 1994, the chapter on exponential distributions.

    >>> import jax, jax.numpy as jnp
    >>> head = Exponential(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> mean = head.apply(variables, jnp.zeros((2, 4)), method="mean")
    >>> [round(float(m), 3) for m in mean[0]]
    [0.694, 0.694, 0.694]
    """

    support = support.nonnegative
    ignores_event_shape = True

    def distribution(self, raw_scale: Array) -> ExponentialDistribution:
        """Exponential with mean positive(raw_scale)."""
        return ExponentialDistribution(1.0 / positive(raw_scale, self.min_scale))
