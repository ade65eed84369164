"""Laplace likelihood with a predicted scale per element."""

import distrax
from jax import Array

from vaex.likelihoods.base import Likelihood, positive


class Laplace(Likelihood):
    """p(x|z) = prod_d exp(-|x_d - loc_d| / scale_d) / (2 scale_d), both predicted.

    On the real numbers. The absolute error with its constant: loc is a median, and
    an outlier costs in proportion to its distance rather than to its square. The
    scale is min_scale + softplus(raw).

    Numerics: the gradient in loc jumps at x = loc, where it is 0.

    Source: Johnson, Kotz, Balakrishnan, "Continuous Univariate Distributions",
      volume 2, Wiley 1995, the chapter on the Laplace distribution.

    >>> import jax, jax.numpy as jnp
    >>> head = Laplace(event_shape=(3,), min_scale=0.5)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean").tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    num_params = 2
    ignores_event_shape = True

    def distribution(self, loc: Array, raw_scale: Array) -> distrax.Laplace:
        """Laplace with this location and positive(raw_scale)."""
        return distrax.Laplace(loc, positive(raw_scale, self.min_scale))
