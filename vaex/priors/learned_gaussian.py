"""Gaussian prior with learned means and scales."""

import math
from collections.abc import Callable
from typing import Any

import distrax
import flax.linen as nn
from jax import Array

from vaex.errors import InputError
from vaex.numerics import positive
from vaex.priors.base import Prior


class LearnedGaussian(Prior):
    """p(z) = prod_l N(z_l; loc_l, scale_l^2), loc and scale parameters.

    Starts as N(0, I). Beside a decoder whose first layer is linear it adds nothing to
    the model, which could shift and stretch z itself; it frees the posterior of that.

    Attributes:
      latent_dim: L.
      min_scale: lower bound of every scale, which is min_scale + softplus(raw).

    >>> import jax, jax.numpy as jnp
    >>> prior = LearnedGaussian(latent_dim=2)
    >>> p = prior.apply(prior.init(jax.random.key(0), None), None)
    >>> round(float(p.log_prob(jnp.zeros(2))), 4)
    -1.8379
    """

    min_scale: float = 1e-4

    is_factorized = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.min_scale < 1:
            raise InputError(
                "min_scale must lie between 0 and 1, where scales start, got "
                f"{self.min_scale}"
            )

    @nn.compact
    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> distrax.Independent:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        one = nn.initializers.constant(math.log(math.expm1(1.0 - self.min_scale)))
        loc = self.param("loc", nn.initializers.zeros, (self.latent_dim,))
        raw_scale = self.param("raw_scale", one, (self.latent_dim,))
        scale = positive(raw_scale, self.min_scale)
        return distrax.Independent(distrax.Normal(loc, scale), 1)
