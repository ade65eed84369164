"""Standard Gaussian prior."""

from collections.abc import Callable
from typing import Any

import distrax
import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError


class StandardGaussian(nn.Module):
    """p(z) = N(0, I).

    Attributes:
      latent_dim: L.

    >>> prior = StandardGaussian(latent_dim=2).apply({}, None)
    >>> round(float(prior.log_prob(jnp.zeros(2))), 4)
    -1.8379
    """

    latent_dim: int = 2

    has_density = True
    is_factorized = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent_dim < 1:
            raise InputError(f"latent_dim must be at least 1, got {self.latent_dim}")

    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> distrax.Independent:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        normal = distrax.Normal(jnp.zeros(self.latent_dim), jnp.ones(self.latent_dim))
        return distrax.Independent(normal, 1)
