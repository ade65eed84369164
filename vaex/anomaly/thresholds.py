"""Thresholds: which scores are called anomalous."""

import math

import numpy as np
from numpy.typing import ArrayLike

from vaex.anomaly.p_values import checked_scores
from vaex.errors import InputError


def threshold_at(calibration: ArrayLike, false_positive_rate: float) -> float:
    """The threshold t for which P(score > t) <= rate for a normal row.

    The k-th smallest of n held-out normal scores, k = ceil((1 - rate) (n + 1)): scores
    above it are those with `conformal_p_values` <= rate. The probability is over the
    calibration rows too, and holds for any n; +inf where n is too small for the rate,
    that is below 1 / rate - 1.

    Args:
      calibration: [n] scores of held-out normal rows.
      false_positive_rate: in (0, 1).

    Raises:
      InputError: for a rate outside, no score, or NaN.

    Source: Bates, Candes, Lei, Romano, Sesia, "Testing for outliers with conformal
      p-values", Annals of Statistics 51, 2023, https://arxiv.org/abs/2104.08279.

    >>> threshold_at(np.arange(99.0), 0.05), threshold_at([1.0, 2.0], 0.05)
    (94.0, inf)
    """
    _check_rate("false_positive_rate", false_positive_rate, 1.0)
    known = checked_scores("calibration", calibration)
    size = len(known) + 1
    # Of p <= rate: at most floor(rate (n + 1)) - 1 calibration scores are as large.
    allowed = math.floor(false_positive_rate * size * (1 + 1e-12)) - 1
    return math.inf if allowed < 0 else float(known[len(known) - 1 - allowed])


def contamination_threshold(scores: ArrayLike, contamination: float) -> float:
    """The threshold above which a share `contamination` of the training scores lies.

    As in PyOD: the percentile 100 (1 - contamination), linearly interpolated, of the
    scores of the training data, anomalies among them. It says how many rows to call
    anomalous, not how often a normal one is; see `threshold_at` for that. Where more
    than that share of the scores are infinite it is the largest finite one, so that all
    rows that are impossible under the model are called.

    Args:
      scores: [n] of the training data.
      contamination: in (0, 0.5].

    Raises:
      InputError: for a share outside, no score, or NaN.

    Source: Zhao, Nasrullah, Li, "PyOD: A Python Toolbox for Scalable Outlier
      Detection", JMLR 20, 2019, https://jmlr.org/papers/v20/19-011.html.

    >>> contamination_threshold(np.arange(101.0), 0.1)
    90.0
    """
    _check_rate("contamination", contamination, 0.5)
    known = checked_scores("scores", scores)
    with np.errstate(invalid="ignore"):  # between two infinite scores
        found = float(np.percentile(known, 100.0 * (1.0 - contamination)))
    finite = known[np.isfinite(known)]
    return found if math.isfinite(found) or not len(finite) else float(finite[-1])


def _check_rate(name: str, value: float, highest: float) -> None:
    if not 0.0 < value <= highest or value == 1.0:
        end = "1" if highest == 1.0 else "0.5, 0.5 included"
        raise InputError(f"{name} must lie between 0 and {end}, got {value}")
