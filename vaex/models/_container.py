"""What models of a posterior, a prior and a head share."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
from jax import Array

from vaex.types import Batch, Terms


class Container(nn.Module):
    """A model that has a `likelihood` and gives `terms`."""

    is_importance = True

    @property
    def is_calibrated(self: Any) -> bool:
        """Whether something is set by a pass over the training set."""
        return self.likelihood.is_calibrated

    def calibrated(
        self: Any, variables: Mapping[str, Any], totals: Mapping[str, Array]
    ) -> dict[str, Any]:
        """The variables with the head's values for these totals over a data set."""
        values = {"likelihood": self.likelihood.calibration_values(totals)}
        return {**variables, "calibration": values}

    def __call__(self: Any, batch: Batch) -> Terms:
        """Terms with one sample; touches every parameter."""
        return self.terms(batch, num_samples=1, train=False)
