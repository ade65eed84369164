"""Gaussian posterior with diagonal covariance, by its log-variances."""

import distrax
import jax.numpy as jnp
from jax import Array

from vaex.posteriors.base import Posterior

HIGHEST = 20.0
"""Of the raw log-variance: a scale of e^10 is out of reach of any prior here."""


class LogVarianceGaussian(Posterior):
    """q(z|x) = prod_l N(z_l; loc_l, scale_l^2) with scale_l^2 = floor + exp(v_l).

    The raw number v is the log-variance, as in the first papers, and floor is
    min_scale^2. It is the same family as DiagonalGaussian, which is steadier: there the
    scale is min_scale + softplus(raw). Where they differ is how they learn, and that q
    starts as the standard normal here.

    Numerics: v is cut at 20, above which its gradient is 0.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114.

    >>> import jax
    >>> posterior = LogVarianceGaussian(latent_dim=3)
    >>> variables = posterior.init(jax.random.key(0), jnp.ones((2, 8)))
    >>> posterior.apply(variables, jnp.zeros((2, 8))).stddev()[0].tolist()
    [1.0, 1.0, 1.0]
    """

    num_params = 2

    def distribution(self, loc: Array, log_variance: Array) -> distrax.Independent:
        """Independent normals."""
        variance = self.min_scale**2 + jnp.exp(jnp.minimum(log_variance, HIGHEST))
        return distrax.Independent(distrax.Normal(loc, jnp.sqrt(variance)), 1)
