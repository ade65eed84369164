"""Conformal p-values: how rare a score is among those of normal rows."""

import numpy as np
from numpy.typing import ArrayLike

from vaex.errors import InputError


def conformal_p_values(calibration: ArrayLike, scores: ArrayLike) -> np.ndarray:
    """P = (1 + #{calibration scores >= s}) / (n + 1).

    If a row and the n calibration rows are exchangeable, that is, if the row is normal
    and the model was not trained on the calibration rows, then P(p <= t) <= t for
    every t: exactly, for any score and any n. Ties count against the row, so that p
    stays valid where scores are discrete. The least p there can be is 1 / (n + 1).

    p-values of several rows share the calibration rows and are positively dependent;
    Benjamini and Hochberg's procedure still controls the false discovery rate (Bates
    et al.).

    Args:
      calibration: [n] scores of held-out normal rows, higher is more anomalous.
      scores: [...] of the rows to judge.

    Returns:
      [...] in [1 / (n + 1), 1].

    Raises:
      InputError: if there is no calibration score, or one is NaN.

    Source: Bates, Candes, Lei, Romano, Sesia, "Testing for outliers with conformal
      p-values", Annals of Statistics 51, 2023, https://arxiv.org/abs/2104.08279.

    >>> conformal_p_values([1.0, 2.0, 3.0], [0.0, 2.0, 9.0]).tolist()
    [1.0, 0.75, 0.25]
    """
    known = checked_scores("calibration", calibration)
    values = np.asarray(scores, np.float64)
    if np.isnan(values).any():
        raise InputError(
            f"scores must be numbers, but {int(np.isnan(values).sum())} of "
            f"{values.size} are NaN; leave those rows out"
        )
    at_least = len(known) - np.searchsorted(known, values, side="left")
    return (1.0 + at_least) / (len(known) + 1.0)


def checked_scores(name: str, scores: ArrayLike) -> np.ndarray:
    """Scores [n] in order, refused where there is none or one is NaN."""
    values = np.sort(np.asarray(scores, np.float64).ravel())
    if not len(values):
        raise InputError(f"{name} must hold one score at least, got none")
    if np.isnan(values).any():
        raise InputError(
            f"{name} must hold numbers, but {int(np.isnan(values).sum())} of "
            f"{len(values)} scores are NaN"
        )
    return values
