"""What the priors of this folder share: a size, and what is known of them."""

from collections.abc import Callable
from typing import Any, ClassVar

import flax.linen as nn
from jax import Array

from vaex.errors import InputError


class Prior(nn.Module):
    """p(z) as a module: what a prior subclasses, filling in `__call__`.

    Attributes:
      latent_dim: L.

    Class attributes: `has_density` (False: log p(z) does not exist and terms leave
    it None), `is_factorized` (p is a product over `num_groups` parts of z), `space`
    (where z lives, as in `vaex.posteriors.base.Posterior`; None: where the posterior
    does), `needs_posterior_density` (True: log q of any z is a part of log p).
    """

    latent_dim: int = 2

    has_density = True
    is_factorized = False
    space: ClassVar[str | None] = "real vectors"
    needs_posterior_density = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent_dim < 1:
            raise InputError(f"latent_dim must be at least 1, got {self.latent_dim}")

    @property
    def num_groups(self) -> int:
        """G, independent parts of z: its dimensions where p factorises, else 1."""
        return self.latent_dim if self.is_factorized else 1

    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> Any:
        """p(z) with event shape (L,) and batch shape ()."""
        raise NotImplementedError(f"{type(self).__name__} must define `__call__`")
