"""Logit-normal likelihood on the open unit interval."""

from jax import Array

from vaex.distributions.logit_normal import LogitNormal as LogitNormalDistribution
from vaex.likelihoods.base import Likelihood, positive, support


class LogitNormal(Likelihood):
    """p(x|z) = prod_d N(logit x_d; loc_d, scale_d^2) / (x_d (1 - x_d)), both from z.

    On (0, 1): a Gaussian of the log-odds, which unlike Beta is 0 at both ends whatever
    its parameters. scale = min_scale + softplus(raw), in units of the logit. Mean, mode
    and variance have no closed form. 0 and 1 are refused, where the density is 0.

    Source: Atchison, Shen, "Logistic-normal distributions: Some properties and uses",
      Biometrika 67, 1980, https://doi.org/10.1093/biomet/67.2.261.

    >>> import jax, jax.numpy as jnp
    >>> head = LogitNormal(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> x = jnp.full((2, 3), 0.5)
    >>> head.apply(variables, jnp.zeros((2, 4)), x, method="log_prob").shape
    (2,)
    """

    num_params = 2
    support = support.open_unit_interval
    ignores_event_shape = True

    def distribution(self, loc: Array, raw_scale: Array) -> LogitNormalDistribution:
        """Logit-normal with this location and positive(raw_scale)."""
        return LogitNormalDistribution(loc, positive(raw_scale, self.min_scale))
