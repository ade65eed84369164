"""What constructors may ask for about the data: shapes and statistics, no arrays."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Spec:
    """Facts that the data hands to the parts built for it.

    Attributes:
      event_shape: E, the shape of one example.
      num_classes: number of integer levels an element takes (2 binary, 17 for the
        digits, 256 for bytes); None for real values.
      condition_dim: C, 0 where there is no condition.
      train_mean: [*E] float32, mean over the training split.
      train_std: [*E] float32, standard deviation over the training split.
    """

    event_shape: tuple[int, ...]
    num_classes: int | None
    condition_dim: int
    train_mean: np.ndarray
    train_std: np.ndarray
