"""What a scorer returns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Scores:
    """Anomaly scores of N rows; higher is more anomalous, always.

    Attributes:
      value: [N] float64, in the score's unit (nats, but for reconstruction errors);
        infinite where a row is impossible under the model, or so far out that float32
        cannot tell.
      se: [N] float64 Monte-Carlo standard error of value: how far it would move with
        other draws, not how sure it is that a row is odd. 0 where nothing is drawn,
        infinite where it is not known (of one draw).
      num_samples: [N] int64, posterior samples drawn; 0 where nothing is.
      attribution: [N, *A], how much of the value each element of a row is, with
        A = `attribution_shape` of the head: its sum is the value. None where the
        score has none.

    >>> one = np.ones(2)
    >>> len(Scores(one, 0 * one, np.array([4, 4]), None))
    2
    """

    value: np.ndarray
    se: np.ndarray
    num_samples: np.ndarray
    attribution: np.ndarray | None

    def __len__(self) -> int:
        return len(self.value)
