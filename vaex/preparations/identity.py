"""Identity: real values as they are."""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from vaex.data.spec import Spec
from vaex.preparations.base import Preparation


@dataclass(frozen=True)
class Identity(Preparation):
    """x = stored as float32, for real values.

    Levels stay the integers that they are; `Levels` says so in the data's unit.

    >>> import jax
    >>> Identity()(jax.random.key(0), {"x": jnp.array([[1.5]])})["x"].tolist()
    [[1.5]]
    """

    def prepare(self, key: Array, x: Array) -> Array:
        """The same values [B, *E] as float32."""
        return jnp.asarray(x, jnp.float32)

    def inverse(self, x: Array) -> Array:
        """The same values."""
        return jnp.asarray(x, jnp.float32)

    def spec(self, spec: Spec) -> Spec:
        """The same."""
        return spec
