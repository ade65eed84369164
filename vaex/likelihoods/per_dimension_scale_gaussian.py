"""Gaussian likelihood with one learned scale per element of the event."""

import distrax
import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.likelihoods.base import Likelihood, positive


class PerDimensionScaleGaussian(Likelihood):
    """p(x|z) = prod_d N(x_d; loc_d, scale_d^2) with scales that all examples share.

    On the real numbers: for columns in different units, each with its own noise
    that does not depend on z. With linear networks this is factor analysis, as
    SharedScaleGaussian is probabilistic PCA. The scale is min_scale + softplus(raw).

    Source: Rubin, Thayer, "EM algorithms for ML factor analysis", Psychometrika 47,
      1982, https://doi.org/10.1007/BF02293851.

    >>> import jax, jax.numpy as jnp
    >>> head = PerDimensionScaleGaussian(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> variables["params"]["raw_scale"].shape
    (3,)
    """

    def distribution(self, loc: Array) -> distrax.Normal:
        """Normal with this location and the shared scales."""
        raw_scale = self.param("raw_scale", nn.initializers.zeros, self.event_shape)
        scale = positive(raw_scale, self.min_scale)
        return distrax.Normal(loc, jnp.broadcast_to(scale, loc.shape))
