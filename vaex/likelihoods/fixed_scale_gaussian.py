"""Gaussian likelihood with one given scale."""

import distrax
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood


class FixedScaleGaussian(Likelihood):
    """p(x|z) = prod_d N(x_d; loc_d, scale^2) with a constant scale.

    The squared error with its constant, so that nats mean something; 1 / scale^2
    is what a weight on the squared error would be.

    Attributes:
      scale: standard deviation, in the units of the prepared data.

    >>> import jax, jax.numpy as jnp
    >>> head = FixedScaleGaussian(event_shape=(3,), scale=0.5)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> float(head.apply(variables, jnp.zeros((2, 4))).variance()[0, 0])
    0.25
    """

    scale: float = 1.0

    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.scale > 0:
            raise InputError(f"scale must be above 0, got {self.scale}")

    def distribution(self, loc: Array) -> distrax.Normal:
        """Normal with this location and the given scale."""
        return distrax.Normal(loc, jnp.full_like(loc, self.scale))
