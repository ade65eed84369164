"""From stored values to what a model sees, inside the jitted step."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.data.spec import Spec
from vaex.errors import InputError
from vaex.types import Batch

BLOCK = 4096
"""Masked rows whose Jacobian is summed at a time."""


class Preparation(abc.ABC):
    """From stored values to what a model sees: a pure function of a key and arrays.

    A subclass is a small frozen dataclass. Its fields may be called `num_classes`,
    `train_mean`, `train_std` and `event_shape`: those are filled in from the Spec of
    the *stored* data. It fills in `prepare`, `inverse` and `spec`, and overrides
    `encoder_input` and `log_det_by_element` where the defaults do not hold.

    The data's unit is that of the stored values, and for grey levels (`num_classes`
    K) the intensity in [0, 1]: level / (K - 1).

    Attributes:
      dequantizes: whether a density of the prepared values bounds a probability of
        the stored levels.
    """

    dequantizes: ClassVar[bool] = False

    def __call__(self, key: Array, stored: Mapping[str, Array]) -> Batch:
        """A batch from stored arrays; it can be jitted and mapped.

        Args:
          key: typed key; the same key gives the same batch.
          stored: `x` [B, *E] of any numeric type, and perhaps `mask` [B, *E],
            `label`, `condition`, which are passed through. A masked cell is prepared
            as if 0 were stored there, whatever is.

        Returns:
          `x` [B, *E] float32, perhaps `input` [B, *I] float32, and the rest of
          `stored`.
        """
        x = stored["x"]
        if "mask" in stored:
            x = jnp.where(stored["mask"], x, jnp.zeros((), x.dtype))
        prepared = self.prepare(key, x)
        seen = self.encoder_input(prepared)
        batch = {**stored, "x": prepared}
        return batch if seen is None else {**batch, "input": seen}

    @abc.abstractmethod
    def prepare(self, key: Array, x: Array) -> Array:
        """Stored values [B, *E] to prepared values [B, *E] float32."""

    def encoder_input(self, x: Array) -> Array | None:
        """What the encoder sees of prepared values; None: the values themselves."""
        return None

    @abc.abstractmethod
    def inverse(self, x: Array) -> Array:
        """Prepared values [..., *E] to float32 values in the data's unit."""

    @property
    def log_det(self) -> float:
        """What to add to log p(prepared x) for the density in the data's unit.

        Nats per example: log |det d prepared / d data|; 0 where the units are equal.
        """
        return float(np.sum(self.log_det_by_element))

    @property
    def log_det_by_element(self) -> np.ndarray | float:
        """The same of each element by itself, [*E] nats; 0 where the units are equal.

        Preparations act on each element alone, so that these add up to `log_det`.
        """
        return 0.0

    def log_det_of(self, mask: Any) -> np.ndarray | float:
        """`log_det` of what is observed: a hidden cell has no density, and no unit.

        Args:
          mask: [N, *E], True where observed; None if everything is.

        Returns:
          [N] nats; a number where there is no mask, or the units are equal.

        Raises:
          InputError: of a subclass that has a `log_det` and none by element.

        >>> import jax
        >>> from vaex.preparations.dequantize import Dequantize
        >>> mask = np.array([[True, True], [True, False]])
        >>> Dequantize(2, (2,)).log_det_of(mask).round(4).tolist()
        [-1.3863, -0.6931]
        """
        if mask is None or self.log_det == 0:
            return self.log_det
        each = np.asarray(self.log_det_by_element, np.float64)
        if not np.isclose(each.sum(), self.log_det, rtol=1e-6):
            raise InputError(
                f"{type(self).__name__} has a log_det, which masked data need by "
                "element; override log_det_by_element in place of it"
            )
        blocks = (mask[start : start + BLOCK] for start in range(0, len(mask), BLOCK))
        parts = [np.asarray(block).reshape(len(block), -1) for block in blocks]
        return np.concatenate([part @ each.reshape(-1) for part in parts])

    @abc.abstractmethod
    def spec(self, spec: Spec) -> Spec:
        """Facts about the prepared values, from those about the stored ones."""


def check_num_classes(num_classes: int | None, name: str) -> None:
    """Raises InputError unless the data are integer levels, 2 to 256 of them.

    >>> check_num_classes(None, "binarize")
    Traceback (most recent call last):
    vaex.errors.InputError: binarize needs data of integer levels, ...
    """
    if num_classes is None:
        raise InputError(
            f"{name} needs data of integer levels, got real values (num_classes=None); "
            "use preparation=identity or preparation=standardize"
        )
    if not isinstance(num_classes, int) or not 2 <= num_classes <= 256:
        raise InputError(
            f"num_classes must be an integer from 2 to 256 for {name}, got "
            f"{num_classes!r}"
        )
