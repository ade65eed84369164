"""Logistic likelihood with a predicted scale per element."""

import distrax
from jax import Array

from vaex.likelihoods.base import Likelihood, positive


class Logistic(Likelihood):
    """p(x|z) = prod_d f((x_d - loc_d) / scale_d) / scale_d, f = sigma (1 - sigma).

    On the real numbers, sigma the logistic function. Smooth like a Gaussian about
    loc, with the tails of a Laplace; the variance is (pi scale)^2 / 3. The scale is
    min_scale + softplus(raw). On grey levels see DiscretizedLogistic, the same
    density summed over bins.

    Source: Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling, "Improved
      Variational Inference with Inverse Autoregressive Flow", NeurIPS 2016,
      https://arxiv.org/abs/1606.04934, which takes it for images.

    >>> import jax, jax.numpy as jnp
    >>> head = Logistic(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mode").tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    num_params = 2
    ignores_event_shape = True

    def distribution(self, loc: Array, raw_scale: Array) -> distrax.Logistic:
        """Logistic with this location and positive(raw_scale)."""
        return distrax.Logistic(loc, positive(raw_scale, self.min_scale))
