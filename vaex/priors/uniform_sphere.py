"""Uniform prior on the unit sphere."""

from collections.abc import Callable
from typing import Any, ClassVar

from jax import Array

from vaex.distributions.spherical_uniform import SphericalUniform
from vaex.errors import InputError
from vaex.priors.base import Prior


class UniformSphere(Prior):
    """p(z) uniform on the unit sphere of L-vectors, for posteriors that live there.

    Attributes:
      latent_dim: L, at least 2; the sphere has L - 1 dimensions.

    Source: Davidson, Falorsi, De Cao, Kipf, Tomczak, "Hyperspherical Variational
      Auto-Encoders", UAI 2018, https://arxiv.org/abs/1804.00891.

    >>> import math, jax.numpy as jnp
    >>> prior = UniformSphere(latent_dim=3).apply({}, None)
    >>> round(math.exp(-prior.log_prob(jnp.array([0.0, 0.0, 1.0]))) / math.pi, 4)
    4.0
    """

    space: ClassVar[str | None] = "the unit sphere"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent_dim < 2:
            raise InputError(
                f"latent_dim must be at least 2 for unit vectors, got {self.latent_dim}"
            )

    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> SphericalUniform:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        return SphericalUniform(self.latent_dim)
