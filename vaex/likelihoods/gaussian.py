"""Gaussian likelihood with a predicted scale per element."""

import distrax
from jax import Array

from vaex.likelihoods.base import Likelihood, positive


class Gaussian(Likelihood):
    """p(x|z) = prod_d N(x_d; loc_d, scale_d^2), both predicted from z.

    The scale is min_scale + softplus(raw). On quantised data the density grows
    without bound as scales shrink: `min_scale` is part of the model.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114.

    >>> import jax, jax.numpy as jnp
    >>> head = Gaussian(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean").tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    num_params = 2
    ignores_event_shape = True

    def distribution(self, loc: Array, raw_scale: Array) -> distrax.Normal:
        """Normal with this location and positive(raw_scale)."""
        return distrax.Normal(loc, positive(raw_scale, self.min_scale))
