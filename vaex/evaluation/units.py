"""Nats of prepared values to nats of the data they were prepared from."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

SIGNS = {"elbo": 1.0, "log_px": 1.0, "distortion": -1.0}
"""Names of log-densities of x, and of what is minus one."""

BLOCK = 4096
"""Rows of a mask that are counted at a time."""


def observed_elements(mask: Any, event_shape: Sequence[int]) -> float:
    """How many elements of an example are observed, on average.

    Args:
      mask: [N, *E], True where observed; None if everything is.
      event_shape: E.

    >>> observed_elements(np.array([[True, True], [True, False]]), (2,))
    1.5
    """
    if mask is None:
        return math.prod(event_shape)
    starts = range(0, len(mask), BLOCK)
    return sum(int(np.sum(mask[start : start + BLOCK])) for start in starts) / len(mask)


def in_data_units(metrics: Mapping[str, Any], log_det: float) -> dict[str, Any]:
    """The same metrics, the Jacobian of the preparation in every density of x.

    Args:
      metrics: name -> nats per example, of prepared values.
      log_det: nats per example, the logarithm of the Jacobian determinant of the
        preparation.

    Returns:
      Name -> value, those that are no density of x unchanged.

    >>> in_data_units({"elbo": -3.0, "distortion": 2.0, "rate": 1.0}, 0.5)
    {'elbo': -2.5, 'distortion': 1.5, 'rate': 1.0}
    """
    return {k: v + SIGNS[k] * log_det if k in SIGNS else v for k, v in metrics.items()}
