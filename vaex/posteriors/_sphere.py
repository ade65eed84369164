"""What posteriors on the unit sphere share."""

from collections.abc import Mapping
from typing import Any, ClassVar

from jax import Array

from vaex.errors import InputError
from vaex.numerics import positive
from vaex.posteriors.base import Posterior


class SpherePosterior(Posterior):
    """q(z|x) of unit vectors by a direction and a concentration.

    L + 1 raw numbers: mu, their first L over their length, and the concentration
    k = min_scale + softplus(raw). A subclass fills in `about`.
    """

    is_factorized = False
    space: ClassVar[str] = "the unit sphere"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent_dim < 2:
            raise InputError(
                f"latent_dim must be at least 2 for unit vectors, got {self.latent_dim}"
            )

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """A direction and a concentration."""
        return (self.latent_dim + 1,)

    def about(self, loc: Array, concentration: Array) -> Any:
        """Distribution about the direction of loc [..., L]."""
        raise NotImplementedError

    def from_raw(self, raw: Array, settings: Mapping[str, Array]) -> Any:
        """Distribution of unit vectors."""
        del settings
        return self.about(raw[..., :-1], positive(raw[..., -1], self.min_scale))
