"""The contract of posteriors: encoder features to q(z|x)."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, final

import distrax
import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.numerics import along_last_axis


class Posterior(nn.Module):
    """q(z|x) as a function of encoder features: what a posterior subclasses.

    A subclass states `num_params` and fills in `distribution(*raw)`, given that
    many unconstrained arrays [..., L], or `from_raw(raw)`, given [..., L, P]. Where the
    numbers are not so many for each dimension it states `raw_shape`, and `from_raw`
    is given [..., *raw_shape]. All return a distrax distribution with event shape (L,).

    Attributes:
      latent_dim: L.
      min_scale: lower bound of every scale.

    Class attributes: `has_density` (False: log q(z|x) does not exist and terms
    leave it None), `has_inverse` (False: a sample comes with its log-density, but
    the density of another z cannot be had), `is_reparameterized` (False: no gradient
    passes through a sample), `is_factorized` (q is a product over `num_groups` parts
    of z), `space` (where z lives, for the model to hold priors against),
    `traced_settings` (names of numbers that a caller may set anew in each step, such as
    a temperature; `from_raw` finds those that are set in `settings`).
    """

    latent_dim: int = 2
    min_scale: float = 1e-4

    num_params = 1
    has_density = True
    has_inverse = True
    is_reparameterized = True
    is_factorized = True
    space: ClassVar[str] = "real vectors"
    traced_settings: ClassVar[tuple[str, ...]] = ()

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

    @property
    def num_groups(self) -> int:
        """G, independent parts of z: its dimensions where q factorises, else 1."""
        return self.latent_dim if self.is_factorized else 1

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Shape of the raw numbers of one example."""
        return (self.latent_dim, self.num_params)

    def distribution(self, *raw: Array) -> distrax.Distribution:
        """Distribution over z of `num_params` arrays [..., L]."""
        raise NotImplementedError(
            f"{type(self).__name__} must define `distribution` or `from_raw`"
        )

    def from_raw(self, raw: Array, settings: Mapping[str, Array]) -> Any:
        """Distribution over z of raw numbers [..., *raw_shape] and traced settings."""
        del settings
        return self.distribution(*along_last_axis(raw))

    @final
    @nn.compact
    def __call__(self, features: Array, settings: Mapping[str, Array] = {}) -> Any:
        """q(z|x) with event shape (L,) from features [B, F]."""
        shape = self.raw_shape
        # An encoder's arithmetic may be bfloat16; from here on all is float32.
        features = features.astype(jnp.float32)
        raw = nn.Dense(math.prod(shape), name="projection")(features)
        raw = raw.reshape(*features.shape[:-1], *shape)
        return self.from_raw(raw.astype(jnp.float32), settings)
