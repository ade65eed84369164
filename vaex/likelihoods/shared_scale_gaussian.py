"""Gaussian likelihood with one learned scale."""

import distrax
import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.likelihoods.base import Likelihood, positive


class SharedScaleGaussian(Likelihood):
    """p(x|z) = prod_d N(x_d; loc_d, scale^2) with one learned scale.

    With linear networks this is probabilistic PCA, whose exact likelihood the
    tests hold it against.

    Source: Lucas, Tucker, Grosse, Norouzi, "Don't Blame the ELBO! A Linear VAE
      Perspective on Posterior Collapse", NeurIPS 2019,
      https://arxiv.org/abs/1911.02469.

    >>> import jax, jax.numpy as jnp
    >>> head = SharedScaleGaussian(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> variables["params"]["raw_scale"].shape
    ()
    """

    ignores_event_shape = True

    def distribution(self, loc: Array) -> distrax.Normal:
        """Normal with this location and the shared scale."""
        raw_scale = self.param("raw_scale", nn.initializers.zeros, ())
        scale = positive(raw_scale, self.min_scale)
        return distrax.Normal(loc, jnp.broadcast_to(scale, loc.shape))
