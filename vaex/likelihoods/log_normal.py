"""Log-normal likelihood on positive numbers."""

from jax import Array

from vaex.distributions.log_normal import LogNormal as LogNormalDistribution
from vaex.likelihoods.base import Likelihood, positive, support


class LogNormal(Likelihood):
    """p(x|z) = prod_d N(log x_d; loc_d, scale_d^2) / x_d, both predicted from z.

    On (0, inf), for sizes, durations and prices that vary by factors: a Gaussian of the
    logarithm. scale = min_scale + softplus(raw) is in units of log x. The mean exp(loc
    + scale^2 / 2) overflows float32 where loc exceeds 88.

    Source: Johnson, Kotz, Balakrishnan, "Continuous Univariate Distributions", volume
      1, Wiley 1994, the chapter on lognormal distributions.

    >>> import jax, jax.numpy as jnp
    >>> head = LogNormal(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> x = jnp.ones((2, 3))
    >>> head.apply(variables, jnp.zeros((2, 4)), x, method="log_prob").shape
    (2,)
    """

    num_params = 2
    support = support.positive
    ignores_event_shape = True

    def distribution(self, loc: Array, raw_scale: Array) -> LogNormalDistribution:
        """Log-normal with this location and positive(raw_scale)."""
        return LogNormalDistribution(loc, positive(raw_scale, self.min_scale))
