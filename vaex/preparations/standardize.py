"""Standardize: zero mean and unit standard deviation over the training split."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.data.spec import Spec
from vaex.errors import InputError
from vaex.preparations.base import Preparation, check_num_classes


@dataclass(frozen=True, eq=False)
class Standardize(Preparation):
    """x = (stored - mean) / std, with the statistics of the training split.

    An element that never varies has std 0; 1 is used, so x is 0 in training.

    Attributes:
      train_mean: [*E] float32, of the stored values.
      train_std: [*E] float32, of the stored values.
      per_element: one mean and std for each element; False: one for all together.
      num_classes: number of stored levels, whose unit is the intensity; None for
        real values.

    >>> import jax
    >>> prepare = Standardize(np.array([2.0, 5.0]), np.array([4.0, 0.0]))
    >>> prepare(jax.random.key(0), {"x": jnp.array([[6.0, 5.0]])})["x"].tolist()
    [[1.0, 0.0]]
    >>> round(prepare.log_det, 4)
    -1.3863
    """

    train_mean: np.ndarray
    train_std: np.ndarray
    per_element: bool = True
    num_classes: int | None = None

    def __post_init__(self) -> None:
        mean, std = np.shape(self.train_mean), np.shape(self.train_std)
        if mean != std:
            raise InputError(
                f"train_mean and train_std must have one shape, got {mean} and {std}"
            )
        if self.num_classes is not None:
            check_num_classes(self.num_classes, "standardize")

    @property
    def loc(self) -> np.ndarray:
        """[*E] float32, what is subtracted."""
        mean = np.asarray(self.train_mean, np.float32)
        if self.per_element:
            return mean
        return np.full_like(mean, mean.mean(dtype=np.float64))

    @property
    def scale(self) -> np.ndarray:
        """[*E] float32 > 0, what is divided by."""
        mean = np.asarray(self.train_mean, np.float64)
        std = np.asarray(self.train_std, np.float64)
        if not self.per_element:
            std = np.full_like(std, np.sqrt((std**2).mean() + mean.var()))
        usable = std > np.finfo(np.float32).tiny
        return np.where(usable, std, 1.0).astype(np.float32)

    @property
    def _unit(self) -> float:
        return 1.0 if self.num_classes is None else self.num_classes - 1.0

    def prepare(self, key: Array, x: Array) -> Array:
        """Standardised values [B, *E] float32."""
        return (jnp.asarray(x, jnp.float32) - self.loc) / self.scale

    def inverse(self, x: Array) -> Array:
        """Back to stored values, or to intensities where levels are stored."""
        return (x * self.scale + self.loc) / self._unit

    @property
    def log_det_by_element(self) -> np.ndarray:
        """-log std nats, std in the data's unit."""
        return -np.log(self.scale.astype(np.float64) / self._unit)

    def spec(self, spec: Spec) -> Spec:
        """Mean 0 and std 1 (0 where an element never varies); real values.

        With `per_element=False` the elements' own statistics, in the new unit.
        """
        return replace(
            spec,
            num_classes=None,
            train_mean=(spec.train_mean - self.loc) / self.scale,
            train_std=spec.train_std / self.scale,
        )
