"""Results: data-set averages with standard errors, units and reasons."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

ACTIVE_THRESHOLD = 0.01
"""Variance over x of the posterior mean above which a unit is active.

Source: Burda, Grosse, Salakhutdinov, ICLR 2016, https://arxiv.org/abs/1509.00519."""

RESAMPLES = 200
"""Of the bootstrap of the number of active units."""


def summarize(
    estimates: Mapping[str, Any],
    *,
    num_samples: int,
    num_elements: float,
    log_det: np.ndarray | float = 0.0,
    is_discrete: bool,
    couples_batch: bool = False,
    kl_groups: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """What `results.json` holds.

    Args:
      estimates: `vaex.evaluation.estimates.estimate`'s, name -> [N, ...], or of the
        posterior's means a tuple, by layer.
      num_samples: K used for them.
      num_elements: D, observed elements of an event, their average where it varies.
      log_det: nats per example from prepared to data units, part of every density.
      is_discrete: whether densities are, or bound, probabilities of discrete data.
      couples_batch: whether the loss is one of a batch, not of an example.
      kl_groups: names of the columns of `rate`, else z0, z1, ...
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
            average(estimates[name] + sign * log_det, nats)
            if name in estimates
            else missing(reason, nats)
        )
    if "reconstruction_loss" in estimates:
        unit = "loss/example"
        results["reconstruction_loss"] = (
            missing("the loss couples the batch: an example alone has none", unit)
            if couples_batch
            else average(estimates["reconstruction_loss"], unit)
        )
    if "rate" in estimates:
        results["rate"] = average(estimates["rate"].sum(-1), nats)
        names = _names(kl_groups, estimates["rate"].shape[1])
        by_group = zip(names, estimates["rate"].mean(0), strict=True)
        results["rate_per_group"] = {name: _finite(v) for name, v in by_group}
    else:
        results["rate"] = missing("the posterior or the prior has no density", nats)
    if "log_px" in estimates:
        nll = average(-(estimates["log_px"] + log_det), nats)
        results["nll"] = nll | {"num_samples": num_samples}
        if "ess" in estimates:
            results["nll"]["median_ess"] = _finite(np.median(estimates["ess"]))
    else:
        results["nll"] = missing(reason, nats) | {"num_samples": num_samples}
    results["bits_per_dim"] = _bits_per_dim(results["nll"], num_elements, is_discrete)
    results["active_units"] = _active_units(posterior, errors, kl_groups, seed)
    return results


def quick_health(
    estimates: Mapping[str, Any], kl_groups: Sequence[str] = ()
) -> dict[str, float]:
    """KL by group, `kl/<name>` in nats, and the number of active units.

    What a look at a few examples costs nothing more for. A single group is the rate.

    Args:
      estimates: as `summarize`'s.
      kl_groups: names of the columns of `rate`.

    >>> quick_health({"rate": np.array([[1.0, 0.5]])}, ("z0", "z1"))
    {'kl/z0': 1.0, 'kl/z1': 0.5}
    """
    found = {}
    rate = np.asarray(estimates.get("rate", np.zeros((1, 0))), np.float64).mean(0)
    if len(rate) > 1:
        names = _names(kl_groups, len(rate))
        found |= {f"kl/{k}": float(v) for k, v in zip(names, rate, strict=True)}
    means = _by_layer(estimates, "posterior_mean")
    if means and len(means[0]) > 1:
        errors = _by_layer(estimates, "posterior_mean_variance")
        joined = _joined(means, errors)
        if np.isfinite(joined).all():
            found["active_units"] = float(_active(*joined).sum())
    return found


def _names(kl_groups: Sequence[str], size: int) -> Sequence[str]:
    fits = len(kl_groups) == size
    return kl_groups if fits else [f"z{number}" for number in range(size)]


def _active(means: np.ndarray, squared_errors: np.ndarray) -> np.ndarray:
    """Which units are active.

    The variance over x of means that were averaged over samples is that of the exact
    means plus the mean of their squared errors, which is taken off.
    """
    return means.var(0) - squared_errors.mean(0) > ACTIVE_THRESHOLD


def _resampled(joined: np.ndarray, seed: int) -> np.ndarray:
    """[R, L]: which units are active in each of R bootstrap resamples.

    A resample is how often each example is in it, and moments are products with that:
    of half a million examples and 200 units seconds, where rows that are picked take
    minutes.
    """
    means, errors = joined
    size = len(means)
    middle = means.mean(0)  # variances do not cancel where means are far from 0
    generator = np.random.default_rng(seed)
    found = []
    for start in range(0, RESAMPLES, 25):
        number = min(25, RESAMPLES - start)
        drawn = [generator.integers(0, size, size) for _ in range(number)]
        counts = np.stack([np.bincount(rows, minlength=size) for rows in drawn])
        first, second, squares = 0.0, 0.0, 0.0
        for begin in range(0, size, 1 << 16):
            part = slice(begin, begin + (1 << 16))
            shares = counts[:, part] / size
            values = means[part] - middle
            first = first + shares @ values
            second = second + shares @ values**2
            squares = squares + shares @ errors[part]
        found.append(second - first**2 - squares > ACTIVE_THRESHOLD)
    return np.concatenate(found)


def _joined(layers: list[np.ndarray], errors: list[np.ndarray]) -> np.ndarray:
    """[2, N, L]: means of the units of all layers, and the squares of their errors."""
    means = np.concatenate(layers, 1)
    return np.stack(
        [means, np.concatenate(errors, 1) if errors else np.zeros_like(means)]
    )


def _by_layer(estimates: Mapping[str, Any], name: str) -> list[np.ndarray]:
    """[N, L] of each layer; none where there is no such estimate."""
    found = estimates.get(name, ())
    layers = found if isinstance(found, tuple) else (found,)
    return [np.asarray(values, np.float64) for values in layers]


def average(values: np.ndarray, unit: str) -> dict[str, Any]:
    """Mean [N] and its standard error, or how many are not finite."""
    bad = int((~np.isfinite(values)).sum())
    if bad:
        return missing(f"not finite for {bad} of {len(values)} examples", unit)
    se = None
    if len(values) > 1:
        se = float(values.std(ddof=1) / math.sqrt(len(values)))
    return {"value": float(values.mean()), "se": se, "unit": unit}


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def missing(reason: str, unit: str) -> dict[str, Any]:
    """What does not exist, and why."""
    return {"value": None, "se": None, "unit": unit, "reason": reason}


def _bits_per_dim(
    nll: dict[str, Any], num_elements: float, is_discrete: bool
) -> dict[str, Any]:
    if nll["value"] is None:
        return missing(nll["reason"], "bits/dim")
    if not is_discrete:
        return missing(
            "only discrete heads and preparation=dequantize give bits",
            "bits/dim",
        )
    if not num_elements:
        return missing("no cell is observed", "bits/dim")
    scale = 1.0 / (num_elements * math.log(2.0))
    se = None if nll["se"] is None else nll["se"] * scale
    return {"value": nll["value"] * scale, "se": se, "unit": "bits/dim"}


def _active_units(
    layers: list[np.ndarray],
    errors: list[np.ndarray],
    names: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    """Number of active units; its standard error by 200 bootstrap resamples."""
    if not layers:
        return missing("the posterior has no mean in closed form", "units")
    size = len(layers[0])
    if size < 2:
        return missing("needs two examples", "units")
    joined = _joined(layers, errors)
    bad = int((~np.isfinite(joined[0])).any(1).sum())
    if bad:
        return missing(f"not finite for {bad} of {size} examples", "units")
    if not np.isfinite(joined[1]).all():
        reason = "not finite: means that are averages need two importance samples"
        return missing(reason, "units")
    units = _active(*joined)
    counts = _resampled(joined, seed).sum(1)
    found = {
        "value": int(units.sum()),
        "se": float(np.std(counts)),
        "unit": "units",
        "of": len(units),
        "threshold": ACTIVE_THRESHOLD,
    }
    if len(layers) == 1:
        return found
    ends = np.cumsum([values.shape[1] for values in layers])
    parts = [int(part.sum()) for part in np.split(units, ends[:-1])]
    named = zip(_names(names, len(layers)), parts, strict=True)
    return found | {"by_layer": dict(named)}
