"""Standard Gaussian prior."""

from collections.abc import Callable
from typing import Any

import distrax
import jax.numpy as jnp
from jax import Array

from vaex.priors.base import Prior


class StandardGaussian(Prior):
    """p(z) = N(0, I).

    Attributes:
      latent_dim: L.

    >>> prior = StandardGaussian(latent_dim=2).apply({}, None)
    >>> round(float(prior.log_prob(jnp.zeros(2))), 4)
    -1.8379
    """

    is_factorized = True

    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> distrax.Independent:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        normal = distrax.Normal(jnp.zeros(self.latent_dim), jnp.ones(self.latent_dim))
        return distrax.Independent(normal, 1)
