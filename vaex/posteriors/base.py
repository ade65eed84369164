"""The contract of posteriors: encoder features to q(z|x)."""

from collections.abc import Mapping
from typing import Any, final

import distrax
import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError


class Posterior(nn.Module):
    """q(z|x) as a function of encoder features: what a posterior subclasses.

    A subclass states `num_params` and fills in `distribution(*raw)`, given that
    many unconstrained arrays [..., L], or `from_raw(raw)`, given [..., L, P]. Both
    return a distrax distribution with event shape (L,).

    Attributes:
      latent_dim: L.
      min_scale: lower bound of every scale.

    Class attributes: `has_density` (False: log q(z|x) does not exist and terms
    leave it None), `is_factorized` (q is a product over latent dimensions).
    """

    latent_dim: int = 2
    min_scale: float = 1e-4

    num_params = 1
    has_density = True
    is_factorized = True

    def __init_subclass__(cls, **options: Any) -> None:
        below = cls.__mro__[: cls.__mro__.index(Posterior)]
        if any("__call__" in parent.__dict__ for parent in below):
            raise TypeError(
                f"{cls.__name__} overrides __call__, which is final; fill in "
                "`distribution` or `from_raw`"
            )
        super().__init_subclass__(**options)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent_dim < 1:
            raise InputError(f"latent_dim must be at least 1, got {self.latent_dim}")
        if not self.min_scale > 0:
            raise InputError(f"min_scale must be above 0, got {self.min_scale}")

    def distribution(self, *raw: Array) -> distrax.Distribution:
        """Distribution over z of `num_params` arrays [..., L]."""
        raise NotImplementedError(
            f"{type(self).__name__} must define `distribution` or `from_raw`"
        )

    def from_raw(self, raw: Array, settings: Mapping[str, Array]) -> Any:
        """Distribution over z of raw numbers [..., L, P] and traced settings."""
        del settings
        return self.distribution(*jnp.moveaxis(raw, -1, 0))

    @final
    @nn.compact
    def __call__(self, features: Array, settings: Mapping[str, Array] = {}) -> Any:
        """q(z|x) with event shape (L,) from features [B, F]."""
        raw = nn.Dense(self.latent_dim * self.num_params, name="projection")(features)
        raw = raw.reshape(*features.shape[:-1], self.latent_dim, self.num_params)
        return self.from_raw(raw.astype(jnp.float32), settings)
