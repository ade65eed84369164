"""A learned Lagrange multiplier."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError


class Multiplier(nn.Module):
    """The part lambda(raw) C of a loss, which raw ascends and C descends.

    lambda = softplus(raw) is above 0, and grows while C is above 0.

    Attributes:
      start: lambda at first.

    >>> multiplier = Multiplier(start=2.0)
    >>> variables = multiplier.init(jax.random.key(0), jnp.zeros(()))
    >>> loss, value = multiplier.apply(variables, jnp.array(3.0))
    >>> round(float(loss), 4), round(float(value), 4)
    (6.0, 2.0)
    """

    start: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.start > 0.0:
            raise InputError(f"start must be above 0, got {self.start}")

    @nn.compact
    def __call__(self, excess: Array) -> tuple[Array, Array]:
        """The part of the loss for C = `excess` [], and lambda []."""
        # The inverse of softplus.
        initial = self.start + jnp.log(-jnp.expm1(-self.start))
        raw = self.param("raw", nn.initializers.constant(initial), ())
        value = nn.softplus(raw)
        frozen, gap = jax.lax.stop_gradient(value), jax.lax.stop_gradient(excess)
        return frozen * excess - (value - frozen) * gap, frozen
