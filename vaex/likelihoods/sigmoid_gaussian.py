"""Gaussian likelihood whose mean lies in the unit interval."""

import distrax
import jax
import jax.numpy as jnp
from jax import Array

from vaex.likelihoods.base import Likelihood

HIGHEST = 20.0
"""Of the raw log-variance: a scale of e^10 is out of reach of data near [0, 1]."""


class SigmoidGaussian(Likelihood):
    """p(x|z) = prod_d N(x_d; sigmoid(l_d), scale_d^2), both predicted from z.

    For grey images as real numbers in [0, 1] (`preparation=unit`); it is a density on
    all real numbers all the same. scale^2 = min_scale^2 + exp(v), of a raw log-variance
    v. On quantised data the density grows without bound as scales shrink: `min_scale`
    is part of the model.

    Numerics: v is cut at 20, above which its gradient is 0. In float32 the variance is
      min_scale^2 exactly where v is below 2 log(min_scale) - 17.

    Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114: the decoder of the Frey faces, there without
      min_scale.

    >>> import jax.numpy as jnp
    >>> head = SigmoidGaussian(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean")[0].tolist()
    [0.5, 0.5, 0.5]
    """

    num_params = 2
    ignores_event_shape = True

    def distribution(self, logit: Array, log_variance: Array) -> distrax.Normal:
        """Normal with mean sigmoid(logit) and variance floor + exp(log_variance)."""
        variance = self.min_scale**2 + jnp.exp(jnp.minimum(log_variance, HIGHEST))
        return distrax.Normal(jax.nn.sigmoid(logit), jnp.sqrt(variance))
