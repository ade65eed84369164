"""One unit for the features of a table."""

import numpy as np


def in_one_unit(
    originals: np.ndarray, reconstructions: np.ndarray
) -> tuple[np.ndarray, np.ndarray, str]:
    """Both tables in a unit in which one colour scale shows every feature.

    Where the widest feature spans more than ten times the median one, all are
    standardised by the mean and standard deviation of its originals; else nothing
    changes.

    Args:
      originals: [N, D], NaN is missing.
      reconstructions: [N, D].

    Returns:
      Both tables and the name of their unit.

    >>> in_one_unit(np.array([[0.0, 0, 0], [1, 1, 100]]), np.zeros((2, 3)))[2]
    'standard deviations'
    """
    known = np.ma.masked_invalid(originals)
    spread = np.ma.filled(np.ma.ptp(known, axis=0), 0.0)
    varying = spread[spread > 0]
    if not varying.size or varying.max() <= 10 * np.median(varying):
        return originals, reconstructions, "data units"
    loc = np.ma.filled(np.ma.mean(known, axis=0), 0.0)
    scale = np.where(spread > 0, np.ma.filled(np.ma.std(known, axis=0), 0.0), 1.0)
    unit = "standard deviations"
    return (originals - loc) / scale, (reconstructions - loc) / scale, unit
