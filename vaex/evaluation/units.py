"""Nats of prepared values to nats of the data they were prepared from."""

from collections.abc import Mapping
from typing import Any

SIGNS = {"elbo": 1.0, "log_px": 1.0, "distortion": -1.0}
"""Names of log-densities of x, and of what is minus one."""


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
