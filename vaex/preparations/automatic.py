"""The preparation that makes stored data fit a likelihood head."""

import numpy as np

from vaex.preparations.base import Preparation
from vaex.preparations.binarize import Binarize
from vaex.preparations.dequantize import Dequantize
from vaex.preparations.identity import Identity
from vaex.preparations.levels import Levels
from vaex.preparations.standardize import Standardize
from vaex.preparations.unit import UnitInterval
from vaex.support import Support, open_unit_interval, real


def fit_preparation(
    support: Support,
    event_shape: tuple[int, ...],
    num_classes: int | None,
    train_mean: np.ndarray,
    train_std: np.ndarray,
) -> Preparation:
    """Chooses by the head's support and by whether the data are integer levels.

    Levels become binary draws for a head on {0, 1}, stay integers for a head on
    integers, are dequantised for a head on (0, 1), and become intensities for one on
    [0, 1]. For a head on vectors (one-hot rows, the columns of a table) nothing is
    changed. A head on the real numbers gets standardised values: of levels by one mean
    and one scale (and densities stay per unit of intensity), of real values by each
    element's own. Real values are left alone for any other head. Unstandardised, a
    Gaussian head on Frey faces ended over 100 nats lower and its prior samples were
    noise.

    Args:
      support: of the head.
      event_shape: E.
      num_classes: number of levels stored, None for real values.
      train_mean: [*E] of the stored training split.
      train_std: [*E] of the stored training split.

    Returns:
      The preparation; a run prints and records it.

    >>> from vaex.support import binary
    >>> type(fit_preparation(binary, (8,), 17, np.zeros(8), np.ones(8))).__name__
    'Binarize'
    """
    if support is real:
        per_element = num_classes is None
        return Standardize(train_mean, train_std, per_element, num_classes)
    if num_classes is None or support.event_rank:
        return Identity()
    if support.contains(np.array([0.0, 1.0])).all() and support.is_discrete:
        binary_only = not support.contains(np.array(2.0))
        return Binarize(num_classes) if binary_only else Levels(num_classes)
    if support is open_unit_interval:
        return Dequantize(num_classes, event_shape)
    return UnitInterval(num_classes)
