"""Levels: grey levels as the integers that they are."""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from vaex.data.spec import Spec
from vaex.preparations.base import Preparation, check_num_classes


@dataclass(frozen=True)
class Levels(Preparation):
    """x = stored, the integers 0 to K - 1; the encoder sees x / (K - 1).

    For heads that are a probability of the level, which has no unit: log_det is 0.

    Attributes:
      num_classes: K, the number of stored levels.

    >>> import jax
    >>> stored = {"x": jnp.array([[0, 16]], jnp.uint8)}
    >>> batch = Levels(17)(jax.random.key(0), stored)
    >>> batch["x"].tolist(), batch["input"].tolist()
    ([[0.0, 16.0]], [[0.0, 1.0]])
    """

    num_classes: int

    def __post_init__(self) -> None:
        check_num_classes(self.num_classes, "levels")

    def prepare(self, key: Array, x: Array) -> Array:
        """The same levels [B, *E] as float32."""
        return jnp.asarray(x, jnp.float32)

    def encoder_input(self, x: Array) -> Array:
        """Intensities in [0, 1]."""
        return self.inverse(x)

    def inverse(self, x: Array) -> Array:
        """Levels to intensities, x / (K - 1)."""
        return jnp.asarray(x, jnp.float32) / (self.num_classes - 1)

    def spec(self, spec: Spec) -> Spec:
        """The same: statistics in levels."""
        return spec
