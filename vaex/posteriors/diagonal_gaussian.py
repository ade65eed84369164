"""Gaussian posterior with diagonal covariance."""

import distrax
from jax import Array

from vaex.numerics import positive
from vaex.posteriors.base import Posterior


class DiagonalGaussian(Posterior):
    """q(z|x) = prod_l N(z_l; loc_l, scale_l^2).

    The scale is min_scale + softplus(raw).

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114 (there by the log-variance).

    >>> import jax, jax.numpy as jnp
    >>> posterior = DiagonalGaussian(latent_dim=3)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> q.event_shape, q.batch_shape
    ((3,), (2,))
    """

    num_params = 2

    def distribution(self, loc: Array, raw_scale: Array) -> distrax.Independent:
        """Independent normals."""
        scale = positive(raw_scale, self.min_scale)
        return distrax.Independent(distrax.Normal(loc, scale), 1)
