"""log p(x) by importance weights whose tail is replaced by the one fitted to it.

N examples, M weights of the tail, K weights in all.
"""

import math
from typing import Any

import numpy as np

from vaex.evaluation.pareto_tail import FEWEST, fit_tails
from vaex.evaluation.summary import average, missing


def smoothed_log_mean(
    largest: np.ndarray, rest: np.ndarray, num_samples: int
) -> np.ndarray:
    """Pareto-smoothed estimate of log p(x): log (1/K) of the sum of smoothed weights.

    The M largest weights give way to what the generalised Pareto distribution that is
    fitted to them expects in their ranks, its quantiles at (i - 1/2) / M, none above
    the largest weight that there was; the others stay. Where no tail can be fitted
    (equal weights, or ones that are 0) the plain mean of the weights is what is left.

    The plain mean is without bias for p(x), so that its logarithm is a lower bound in
    expectation; but its value is the luck of one or two large weights. Smoothing takes
    variance for bias: for one example it is nearer to log p(x) where k-hat is below
    0.7, while averaged over many, whose luck evens out, the plain estimate is.

    Args:
      largest: [N, M + 1] nats, the M + 1 largest log-weights, in any order.
      rest: [N] nats, log of the sum of the other K - M - 1 weights.
      num_samples: K.

    Returns:
      [N] nats; NaN where a log-weight is.

    Raises:
      ValueError: if M is below 5.

    Hazards: it is no lower bound on log p(x), not in expectation either. As a rule it
      is too low by more than the plain estimate is, as no weight may exceed the largest
      drawn: with a Gaussian q of 0.7 of the right scale in three dimensions and K = 128
      by 0.056 nats in the mean, with an error of one example of 0.12; the plain one by
      0.021, with 0.15. It cannot see what no draw has met: where k-hat is above 0.7 it
      may be worse in both.

    Source: Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto Smoothed Importance Sampling",
      JMLR 25, 2024, https://jmlr.org/papers/v25/19-556.html.

    >>> weights = np.arange(1.0, 101.0)  # the smoothed tail has another shape
    >>> rest = np.log(weights[:-21].sum())
    >>> found = smoothed_log_mean(np.log(weights[None, -21:]), np.array([rest]), 100)
    >>> bool(abs(found[0] - np.log(weights.mean())) < 0.02)
    True
    """
    ordered = np.sort(np.asarray(largest, np.float64), axis=1)
    k, sigma = fit_tails(ordered)
    size = ordered.shape[1] - 1
    with np.errstate(all="ignore"):  # rows without a fit, and tails without an end
        top = np.where(np.isneginf(ordered[:, -1:]), 0.0, ordered[:, -1:])
        weights = np.exp(ordered - top)
        quantiles = -np.log1p(-(np.arange(size) + 0.5) / size)  # of an exponential
        shape = np.where(np.abs(k) < 1e-9, 1e-9, k)[:, None]
        beyond = sigma[:, None] * np.expm1(shape * quantiles) / shape
        tail = np.minimum(weights[:, :1] + beyond, 1.0)
        tail = np.where(np.isnan(sigma)[:, None], weights[:, 1:], tail)
        total = tail.sum(1) + weights[:, 0] + np.exp(np.asarray(rest) - top[:, 0])
        return top[:, 0] + np.log(total) - math.log(num_samples)


def summarize_smoothed(
    largest: np.ndarray,
    rest: np.ndarray,
    plain: np.ndarray,
    num_samples: int,
    *,
    log_det: np.ndarray | float = 0.0,
) -> dict[str, Any]:
    """The entry `psis` of results: the NLL by smoothed weights, in data units.

    Args:
      largest: [N, M + 1] nats, as `smoothed_log_mean`.
      rest: [N] nats.
      plain: [N] nats, the importance-weighted log p(x) by the same weights.
      num_samples: K.
      log_det: nats per example from prepared to data units.

    Returns:
      `value`, which is no bound, its standard error over examples, and `less_nll`: what
      it is above the plain NLL of the same draws, with the error of the difference.

    >>> equal, rest = np.full((3, 27), -2.0), np.full(3, np.log(101.0) - 2.0)
    >>> found = summarize_smoothed(equal, rest, np.full(3, -2.0), 128, log_det=0.5)
    >>> round(found["value"], 6), round(abs(found["less_nll"]["value"]), 6)
    (1.5, 0.0)
    """
    unit, least = "nats/example", 5 * FEWEST
    if num_samples < least:
        return missing(f"needs {least} importance samples, got {num_samples}", unit)
    found = smoothed_log_mean(largest, rest, num_samples)
    with np.errstate(invalid="ignore"):
        apart = np.asarray(plain, np.float64) - found
    return average(-(found + log_det), unit) | {
        "num_samples": num_samples,
        "is_bound": False,
        "less_nll": average(apart, unit),
    }
