"""What a likelihood head states and fills in; the verbs stand in `base`.

E event, P raw parameters per element, B batch.
"""

from collections.abc import Mapping
from typing import Any

import distrax
import flax.linen as nn
import numpy as np
from jax import Array

from vaex import support
from vaex.errors import InputError
from vaex.likelihoods._support_check import check_values
from vaex.numerics import along_last_axis


class Hooks(nn.Module):
    """Fields, constants and hooks of a head, with their defaults."""

    event_shape: tuple[int, ...] = ()
    min_scale: float = 1e-3

    num_params = 1
    support = support.real
    is_normalized = True
    normalized_instead = "Gaussian"
    marginalizes = False
    couples_batch = False
    is_calibrated = False
    ignores_event_shape = False

    _constants = (
        "num_params",
        "support",
        "is_normalized",
        "normalized_instead",
        "marginalizes",
        "couples_batch",
        "is_calibrated",
        "ignores_event_shape",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(not isinstance(n, int) or n < 1 for n in self.event_shape):
            raise InputError(
                f"event_shape must hold positive integers, got {self.event_shape}"
            )
        if not self.min_scale > 0:
            raise InputError(
                f"min_scale must be above 0, got {self.min_scale}; a density with "
                "scale 0 is unbounded"
            )

    @property
    def attribution_shape(self) -> tuple[int, ...]:
        """Shape of `log_prob_per_dimension` of one example: E without joint axes."""
        return self.event_shape[: len(self.event_shape) - self.support.event_rank]

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Shape of the raw numbers of one example, (*E, P) where E has P each."""
        return (*self.event_shape, self.num_params)

    def attributed(self, mask: Array) -> Array:
        """Which parts of `log_prob_per_dimension` count, given which cells are seen.

        Args:
          mask: [..., *E].

        Returns:
          [..., *attribution_shape].
        """
        joint = tuple(range(-self.joint_rank, 0))
        return mask.any(joint) if self.marginalizes else mask.all(joint)

    def check_values(self, values: np.ndarray, mask: np.ndarray | None) -> None:
        """See `check_support`; a head made of heads asks them."""
        check_values(self, values, mask)

    def distribution(self, *raw: Array) -> distrax.Distribution:
        """Element-wise distribution of `num_params` arrays [..., *E]."""
        raise NotImplementedError(
            f"{type(self).__name__} must define `distribution` or `from_raw`"
        )

    def from_raw(self, raw: Array) -> distrax.Distribution:
        """Element-wise distribution of raw parameters [..., *E, P]."""
        return self.distribution(*along_last_axis(raw))

    def score(
        self, elements: Any, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Log-density in nats by element, [..., *attribution_shape].

        `x` is inside the support where `mask` is False; the base sets those
        elements of the result to 0. A loss-only head returns minus its loss: if it
        couples the batch, one number for [..., B], of shape [...].
        """
        del mask, train
        return elements.log_prob(x)

    def calibration_totals(
        self, elements: Any, x: Array, mask: Array
    ) -> dict[str, Array]:
        """Sums, [..., B] each, that add up over the data for `calibration_values`."""
        raise NotImplementedError

    def calibration_values(self, totals: Mapping[str, Array]) -> dict[str, Array]:
        """The head's `calibration` collection, from totals over a data set."""
        raise NotImplementedError

    @property
    def joint_rank(self) -> int:
        """Number of last event axes that are scored as a whole."""
        return len(self.event_shape) - len(self.attribution_shape)
