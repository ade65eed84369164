"""Results of annealing: the NLL, how far it may be off, and a curve of two rates.

n examples, R + 1 places of a curve.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from vaex.evaluation.annealing import Annealing, places
from vaex.evaluation.summary import average

NATS = "nats/example"


def summarize_annealed(
    found: Mapping[str, np.ndarray],
    settings: Annealing,
    num_temperatures: int,
    *,
    log_det: np.ndarray | float = 0.0,
    importance_weighted: np.ndarray | None = None,
) -> dict[str, Any]:
    """The entry `ais` of results: an upper bound on the NLL, in data units.

    Args:
      found: `vaex.evaluation.evidence_sandwich.make_annealed`'s, name -> [n].
      settings: of the annealing.
      num_temperatures: T.
      log_det: nats per example from prepared to data units.
      importance_weighted: [n] nats, another lower bound on log p(x) of these examples.

    >>> found = {"log_px": np.array([-3.0, -5.0]), "acceptance": np.array([0.6, 0.7])}
    >>> summarize_annealed(found, Annealing(), 100)["value"]
    4.0
    """
    result = average(-(_double(found["log_px"]) + log_det), NATS)
    result |= _described(found, settings, num_temperatures)
    if importance_weighted is not None:
        other = average(-(_double(importance_weighted) + log_det), NATS)
        result["importance_weighted"] = other
    return result


def summarize_sandwich(
    found: Mapping[str, np.ndarray],
    settings: Annealing,
    num_temperatures: int,
    *,
    log_det: np.ndarray | float = 0.0,
) -> dict[str, Any]:
    """The entry `bdmc` of results: how far apart the bounds on log p(x) are.

    The mean gap is, in expectation, at least what annealing loses. It is of x that the
    model drew itself, the only ones whose z is known: for other x the same gap is an
    expectation, not a proof.

    Args:
      found: `vaex.evaluation.evidence_sandwich.make_sandwich`'s, name -> [n].
      settings: of the annealing.
      num_temperatures: T.
      log_det: nats per example from prepared to data units.

    >>> found = {"lower": np.array([-3.0]), "upper": np.array([-2.5]),
    ...          "acceptance": np.array([0.6])}
    >>> summarize_sandwich(found, Annealing(), 100)["value"]
    0.5
    """
    lower, upper = _double(found["lower"]), _double(found["upper"])
    result = average(upper - lower, NATS)
    result["lower"] = average(lower + log_det, NATS)
    result["upper"] = average(upper + log_det, NATS)
    return result | _described(found, settings, num_temperatures)


def with_interval(
    nll: Mapping[str, Any], gap: Mapping[str, Any], tolerance: float
) -> dict[str, Any]:
    """An upper bound on the NLL with what lies below it; an interval if that is much.

    Args:
      nll: an entry of results that is an upper bound, with `value` and `se`.
      gap: `summarize_sandwich`'s.
      tolerance: nats; where the gap is above it, the entry has an `interval`
        [value - gap, value], which is to be printed in place of the value.

    >>> nll, gap = {"value": 90.0, "se": 0.1}, {"value": 1.5, "se": 0.2}
    >>> with_interval(nll, gap, 1.0)["interval"]
    [88.5, 90.0]
    >>> "interval" in with_interval(nll, gap, 2.0)
    False
    """
    result = dict(nll) | {"tolerance": tolerance}
    if nll["value"] is None or gap["value"] is None:
        return result
    result["gap"] = gap["value"]
    if gap["value"] > tolerance:
        result["interval"] = [nll["value"] - gap["value"], nll["value"]]
    return result


def rate_distortion_curve(
    found: Mapping[str, np.ndarray],
    settings: Annealing,
    num_temperatures: int,
    *,
    log_det: np.ndarray | float = 0.0,
) -> list[dict[str, float]]:
    """Rates and distortions of a decoder that one annealing from the prior bounds.

    At each b the chains, resampled by their weights, are a code of mean distortion
    D = -E log p(x|z) and of rate KL(code || p(z)) <= -log Z_b - b D: the points lie on
    or above the rate-distortion function of the decoder with p(z) for its code. At
    b = 1 rate plus distortion is the annealed NLL.

    Args:
      found: `make_annealed`'s from the prior, name -> [n, ...].
      settings: of the annealing.
      num_temperatures: T.
      log_det: nats per example from prepared to data units, part of the distortion.

    Returns:
      Points with `inverse_temperature` b, `rate`, `rate_se`, `distortion` and
      `distortion_se`, nats per example.

    Source: Huang, Makhzani, Cao, Grosse, "Evaluating Lossy Compression Rates of Deep
      Generative Models", ICML 2020, https://arxiv.org/abs/2008.06653.
    """
    slots, powers = places(settings, num_temperatures)
    points = []
    for slot, b in zip(slots, powers, strict=True):
        distortion = -_double(found["curve_log_px_z"][:, slot])
        rate = -_double(found["curve_log_z"][:, slot]) - b * distortion
        one, other = average(rate, NATS), average(distortion - log_det, NATS)
        if one["value"] is None or other["value"] is None:
            continue
        points.append(
            {
                "inverse_temperature": float(b),
                "rate": one["value"],
                "rate_se": one["se"],
                "distortion": other["value"],
                "distortion_se": other["se"],
            }
        )
    return points


def _described(
    found: Mapping[str, np.ndarray], settings: Annealing, num_temperatures: int
) -> dict[str, Any]:
    return {
        "num_examples": len(found["acceptance"]),
        "num_temperatures": num_temperatures,
        "num_chains": settings.num_chains,
        "start": settings.start,
        "schedule": settings.schedule,
        "acceptance": float(np.mean(found["acceptance"])),
    }


def _double(values: Any) -> np.ndarray:
    return np.asarray(values, np.float64)
