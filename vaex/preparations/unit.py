"""UnitInterval: grey levels to intensities in [0, 1]."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
from jax import Array

from vaex.data.spec import Spec
from vaex.preparations.base import Preparation, check_num_classes


@dataclass(frozen=True)
class UnitInterval(Preparation):
    """x = stored / (K - 1), an intensity in [0, 1].

    log_det is 0 by convention: densities of grey images are per unit of intensity,
    as in the literature. They are densities at K points, so a head whose scale can
    shrink gains without limit; `Dequantize` has no such gap.

    Attributes:
      num_classes: K, the number of stored levels.

    >>> import jax
    >>> stored = {"x": jnp.array([[0, 4, 16]], jnp.uint8)}
    >>> UnitInterval(17)(jax.random.key(0), stored)["x"].tolist()
    [[0.0, 0.25, 1.0]]
    """

    num_classes: int

    def __post_init__(self) -> None:
        check_num_classes(self.num_classes, "unit")

    def prepare(self, key: Array, x: Array) -> Array:
        """Intensities [B, *E] float32 from levels [B, *E]."""
        return jnp.asarray(x, jnp.float32) / (self.num_classes - 1)

    def inverse(self, x: Array) -> Array:
        """An intensity is the data's unit already."""
        return jnp.asarray(x, jnp.float32)

    def spec(self, spec: Spec) -> Spec:
        """Real values; statistics in intensity."""
        top = self.num_classes - 1
        return replace(
            spec,
            num_classes=None,
            train_mean=spec.train_mean / top,
            train_std=spec.train_std / top,
        )
