"""Results: data-set averages with standard errors, units and reasons."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

ACTIVE_THRESHOLD = 0.01
"""Variance over x of the posterior mean above which a unit is active.

Source: Burda, Grosse, Salakhutdinov, ICLR 2016, https://arxiv.org/abs/1509.00519."""


def summarize(
    estimates: Mapping[str, Any],
    *,
    num_samples: int,
    num_elements: int,
    log_det: float = 0.0,
    is_discrete: bool,
    couples_batch: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """What `results.json` holds.

    Args:
      estimates: `vaex.evaluation.estimates.estimate`'s, name -> [N, ...], or of the
        posterior's means a tuple, by layer.
      num_samples: K used for them.
      num_elements: D, elements of an event (masked ones too).
      log_det: nats per example from prepared to data units, part of every density.
      is_discrete: whether densities are, or bound, probabilities of discrete data.
      couples_batch: whether the loss is one of a batch, not of an example.
      seed: of the bootstrap of the number of active units.

    Returns:
      Name -> {"value", "se", "unit", ...}: means over examples and their standard
      errors. What does not exist has value None and a "reason".

    >>> estimates = {"distortion": np.ones(4), "rate": np.ones((4, 2)),
    ...              "elbo": -3 * np.ones(4), "log_px": -2 * np.ones(4)}
    >>> results = summarize(estimates, num_samples=8, num_elements=2, is_discrete=True)
    >>> results["elbo"]["value"], results["nll"]["value"], results["rate"]["value"]
    (-3.0, 2.0, 2.0)
    """
    nats = "nats/example"
    reason = (
        "the likelihood head is a loss without a density"
        if "reconstruction_loss" in estimates
        else "the posterior or the prior has no density"
    )
    posterior = _by_layer(estimates, "posterior_mean")
    errors = _by_layer(estimates, "posterior_mean_variance")
    estimates = {
        k: np.asarray(v, np.float64)
        for k, v in estimates.items()
        if not k.startswith("posterior_mean")
    }
    results: dict[str, Any] = {"num_examples": len(next(iter(estimates.values())))}
    for name, sign in (("elbo", 1.0), ("distortion", -1.0)):
        results[name] = (
            _mean(estimates[name] + sign * log_det, nats)
            if name in estimates
            else _missing(reason, nats)
        )
    if "reconstruction_loss" in estimates:
        unit = "loss/example"
        results["reconstruction_loss"] = (
            _missing("the loss couples the batch: an example alone has none", unit)
            if couples_batch
            else _mean(estimates["reconstruction_loss"], unit)
        )
    if "rate" in estimates:
        results["rate"] = _mean(estimates["rate"].sum(-1), nats)
        results["rate_per_group"] = [_finite(v) for v in estimates["rate"].mean(0)]
    else:
        results["rate"] = _missing("the posterior or the prior has no density", nats)
    if "log_px" in estimates:
        nll = _mean(-(estimates["log_px"] + log_det), nats)
        results["nll"] = nll | {"num_samples": num_samples}
        if "ess" in estimates:
            results["nll"]["median_ess"] = _finite(np.median(estimates["ess"]))
    else:
        results["nll"] = _missing(reason, nats) | {"num_samples": num_samples}
    results["bits_per_dim"] = _bits_per_dim(results["nll"], num_elements, is_discrete)
    results["active_units"] = _active_units(posterior, errors, seed)
    return results


def _by_layer(estimates: Mapping[str, Any], name: str) -> list[np.ndarray]:
    """[N, L] of each layer; none where there is no such estimate."""
    found = estimates.get(name, ())
    layers = found if isinstance(found, tuple) else (found,)
    return [np.asarray(values, np.float64) for values in layers]


def _mean(values: np.ndarray, unit: str) -> dict[str, Any]:
    bad = int((~np.isfinite(values)).sum())
    if bad:
        return _missing(f"not finite for {bad} of {len(values)} examples", unit)
    se = None
    if len(values) > 1:
        se = float(values.std(ddof=1) / math.sqrt(len(values)))
    return {"value": float(values.mean()), "se": se, "unit": unit}


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _missing(reason: str, unit: str) -> dict[str, Any]:
    return {"value": None, "se": None, "unit": unit, "reason": reason}


def _bits_per_dim(
    nll: dict[str, Any], num_elements: int, is_discrete: bool
) -> dict[str, Any]:
    if nll["value"] is None:
        return _missing(nll["reason"], "bits/dim")
    if not is_discrete:
        return _missing(
            "only discrete heads and preparation=dequantize give bits",
            "bits/dim",
        )
    scale = 1.0 / (num_elements * math.log(2.0))
    se = None if nll["se"] is None else nll["se"] * scale
    return {"value": nll["value"] * scale, "se": se, "unit": "bits/dim"}


def _active_units(
    layers: list[np.ndarray], errors: list[np.ndarray], seed: int
) -> dict[str, Any]:
    """Number of active units; its standard error by 200 bootstrap resamples.

    The variance over x of means that were averaged over samples is that of the exact
    means plus the mean of their squared errors, which is taken off.
    """
    if not layers:
        return _missing("the posterior has no mean in closed form", "units")
    means = np.concatenate(layers, 1)
    if len(means) < 2:
        return _missing("needs two examples", "units")
    noise = np.concatenate(errors, 1) if errors else np.zeros_like(means)
    if not np.isfinite(noise).all():
        reason = "not finite: means that are averages need two importance samples"
        return _missing(reason, "units")

    def active(rows: Any) -> np.ndarray:
        return means[rows].var(0) - noise[rows].mean(0) > ACTIVE_THRESHOLD

    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(means), (200, len(means)))
    units = active(np.arange(len(means)))
    ends = np.cumsum([values.shape[1] for values in layers])
    counts = [int(part.sum()) for part in np.split(units, ends[:-1])]
    found = {
        "value": int(units.sum()),
        "se": float(np.std([active(rows).sum() for rows in draws])),
        "unit": "units",
        "of": means.shape[1],
        "threshold": ACTIVE_THRESHOLD,
    }
    return found | ({"by_layer": counts} if len(layers) > 1 else {})
