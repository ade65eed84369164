"""Metrics of a trained run: (run, split, options) -> name -> value, se, unit.

A run is what `vaex.io.load.load_run` gives, or anything with its `model`, `variables`,
`parts` (dataset, preparation, likelihood) and `config`. What cannot be had for it has
value None and a "reason".
"""

import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from vaex.errors import InputError
from vaex.evaluation.aggregate_draws import AggregateDraws, draw_aggregate
from vaex.evaluation.config import LEAST_BLOCK
from vaex.evaluation.estimates import estimate
from vaex.evaluation.generate import encode_means, sample_prior
from vaex.evaluation.summary import ACTIVE_THRESHOLD, average, missing
from vaex.metrics._run_parts import checked_options, chosen_rows, key_of, model_of
from vaex.metrics._sample_results import in_features, tested, two_sample
from vaex.metrics.calibration import (
    counts_in_bins,
    evenness,
    histogram_band,
    in_central_interval,
    spread_of,
)
from vaex.metrics.disentanglement_suite import NAMES, disentanglement_scores
from vaex.metrics.predictive_pit import STATISTICS, make_predictive_pit
from vaex.metrics.simulation_based_calibration import (
    make_posterior_ranks,
    rank_counts,
    rank_tests,
)

Results = dict[str, Any]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Of the central intervals whose coverage is reported."""


def disentanglement(run: Any, split: str, options: Mapping[str, Any]) -> Results:
    """Scores of the posterior's means against the data set's factors.

    Args:
      run: trained; its data set has `factors` (sprites), else there are reasons.
      split: held out, or what was learned by heart counts.
      options: `num_examples` (all; a random part), `repeats` (3), `min_deviation`
        (0.1, latent units, below which a dimension has collapsed, as for
        `active_units`), `seed` (0).

    Returns:
      As `vaex.metrics.disentanglement_suite.disentanglement_scores`.
    """
    active = math.sqrt(ACTIVE_THRESHOLD)
    defaults = {"num_examples": None, "repeats": 3, "min_deviation": active, "seed": 0}
    o = checked_options(options, defaults)
    dataset = run.parts.dataset
    if getattr(dataset, "factors", None) is None:
        reason = f"the factors that {dataset.name} was made from are not known"
        return {name: missing(reason, "score") for name in NAMES}
    rows, chosen = chosen_rows(dataset.splits[split], o["num_examples"], o["seed"])
    codes = encode_means(*model_of(run), key_of(run, "disentanglement"), rows)
    if isinstance(codes, tuple):
        codes = np.concatenate(codes, 1)
    factors = dataset.factors.values[split][chosen]
    rest = {k: o[k] for k in ("repeats", "min_deviation", "seed")}
    return disentanglement_scores(codes.reshape(len(codes), -1), factors, **rest)


def latents(run: Any, split: str, options: Mapping[str, Any]) -> Results:
    """The aggregate posterior against the prior: have their draws one distribution?

    A model whose q(z) is not p(z) may reconstruct well and sample badly. The two-sample
    test compares one z ~ q(z|x) for each of the split's examples with as many z ~ p(z).

    Args:
      run: trained.
      split: held out.
      options: `num_examples` (2000), `seed` (0, of what is chosen), `test_examples`
        (500, of the test), `permutations` (500).

    Returns:
      `aggregate_posterior`, a p-value; where z has layers `aggregate_posterior_z1`,
      next to the data, and so on. `latent_draws` gives what they are of.
    """
    o = checked_options(options, LATENTS)
    layers, rows = latent_draws(run, split, options)
    _, chosen = chosen_rows(rows, o["test_examples"], o["seed"])
    results: Results = {}
    for number, layer in enumerate(layers, 1):
        which = f"_z{number}" if len(layers) > 1 else ""
        found = tested(layer.posterior[chosen], layer.prior[chosen], o)
        results[f"aggregate_posterior{which}"] = found
    return results


LATENTS = {"num_examples": 2000, "seed": 0, "test_examples": 500, "permutations": 500}
"""Options of `latents`."""


def latent_draws(
    run: Any, split: str, options: Mapping[str, Any]
) -> tuple[list[AggregateDraws], dict[str, np.ndarray]]:
    """Draws of q(z) and of p(z), and the examples that the first are of.

    Args:
      run: trained.
      split: held out.
      options: as of `latents`.
    """
    o = checked_options(options, LATENTS)
    rows, _ = chosen_rows(run.parts.dataset.splits[split], o["num_examples"], o["seed"])
    return draw_aggregate(*model_of(run), key_of(run, "latents"), rows), rows


def sample_quality(run: Any, split: str, options: Mapping[str, Any]) -> Results:
    """Samples of the model against the split's examples.

    Frechet distance, precision, recall, density and coverage compare E[x|z], z ~ p(z),
    with the examples, as is the custom, in the features of a classifier that is trained
    on the data set's labels, which is named in every result. The two-sample test
    compares draws x ~ p(x) with prepared examples, in data units: it asks whether the
    model is true, noise of the head included.

    Args:
      run: trained.
      split: held out.
      options: `num_examples` (2000, of either sample), `k` (5, neighbours), `seed` (0,
        of the classifier and of what is chosen), `test_examples` (500, of the
        two-sample test), `permutations` (500).

    Returns:
      Results; `frechet_of_data` is what as many training examples have in place of
      samples (others, where the split is that of training): no model can be asked for
      less.
    """
    defaults = {"num_examples": 2000, "k": 5, "seed": 0}
    o = checked_options(options, defaults | {"test_examples": 500, "permutations": 500})
    dataset = run.parts.dataset
    rows, chosen = chosen_rows(dataset.splits[split], o["num_examples"], o["seed"])
    count, key = len(rows["x"]), key_of(run, "sample quality")
    drawn, means, _ = sample_prior(*model_of(run), key, count, rows.get("condition"))
    taken = chosen if split == "train" else ()
    others, _ = chosen_rows(dataset.splits["train"], count, o["seed"] + 1, taken)
    return in_features(run, rows, means, others, o) | two_sample(run, rows, drawn, o)


def predictive_checks(run: Any, split: str, options: Mapping[str, Any]) -> Results:
    """PIT values of the split's examples, coverage of central intervals.

    Args:
      run: trained; its head is a density, else there are reasons.
      split: held out.
      options: `num_examples` (1000), `num_draws` (99, from p(x|z) for each), `bins`
        (20), `seed` (0, of what is chosen).

    Returns:
      `coverage_50` to `coverage_95`: share of elements inside of the interval (means
      over examples, and their standard errors). `pit_spread`: 1 where true, above where
      p(x|z) is too narrow. `pit`: the p-value of one element of each example, as
      elements of one example may depend on each other, with `counts` and the `band`
      that holds all with probability 0.95. `check_mean` and so on: mean PIT of that
      statistic of an example, with its `p_value`. See `vaex.metrics.predictive_pit`.
    """
    defaults = {"num_examples": 1000, "num_draws": 99, "bins": 20, "seed": 0}
    o = checked_options(options, defaults)
    names = [f"coverage_{round(100 * level)}" for level in LEVELS]
    checks = [f"check_{name}" for name in STATISTICS]
    if not run.parts.likelihood.is_normalized:
        reason = "the likelihood head is a loss without a density"
        every = (*names, "pit_spread", "pit", *checks)
        return {name: missing(reason, "") for name in every}
    rows, _ = chosen_rows(run.parts.dataset.splits[split], o["num_examples"], o["seed"])
    found = _estimated(run, make_predictive_pit, rows, o["num_draws"])
    pit = found["pit"].reshape(len(rows["x"]), -1).astype(np.float64)
    pit = pit[~np.isnan(pit).all(1)]
    if not len(pit):
        reason = f"every value of the split {split!r} is masked"
        every = (*names, "pit_spread", "pit", *checks)
        return {name: missing(reason, "") for name in every}
    results: Results = {}
    for name, level in zip(names, LEVELS, strict=True):
        inside = np.nanmean(in_central_interval(pit, level), 1)
        results[name] = average(inside, "of elements") | {"nominal": level}
    spread = average(np.nanmean(spread_of(pit), 1), "1 if uniform")
    results["pit_spread"] = spread | {"nominal": 1.0}
    one = _one_each(pit, np.random.default_rng(o["seed"]))
    results["pit"] = _tested(counts_in_bins(one, _bins(o["bins"], len(one))))
    statistics = found["statistics"].astype(np.float64)
    statistics = statistics[~np.isnan(statistics).any(1)]
    for name, column in zip(checks, statistics.T, strict=True):
        tested = _tested(counts_in_bins(column, _bins(o["bins"], len(column))))
        results[name] = average(column, "mean PIT") | {"nominal": 0.5}
        results[name]["p_value"] = tested["value"]
    return results


def sbc(run: Any, split: str, options: Mapping[str, Any]) -> Results:
    """Simulation-based calibration of q(z|x), of data drawn from the model itself.

    Args:
      run: trained; head and posterior are densities, else there are reasons.
      split: gives conditions, where the model is conditional; else it has no part.
      options: `num_examples` (1000 simulations), `num_draws` (63), `bins` (16; divides
        num_draws + 1).

    Returns:
      `sbc`: Bonferroni's p-value of all dimensions, `by_dimension` and their `counts`
      and `band`; `sbc_spread`: 1 where q is right, above where it is too narrow, below
      where it is too wide (mean over dimensions); `sbc_rank`: the mean rank over its
      range, 1/2 where right.
    """
    o = checked_options(options, {"num_examples": 1000, "num_draws": 63, "bins": 16})
    posterior = getattr(run.model, "posterior", None)
    reason = None
    if not run.parts.likelihood.is_normalized:
        reason = "the likelihood head is a loss without a density: x cannot be drawn"
    elif not getattr(posterior, "has_density", True):
        reason = "the posterior is a point"
    if reason is not None:
        return {name: missing(reason, "") for name in ("sbc", "sbc_spread", "sbc_rank")}
    bins = o["bins"]
    rank_counts(np.zeros((1, 1)), o["num_draws"], bins)  # before anything is compiled
    if o["num_examples"] < 5 * bins:
        raise InputError(
            f"num_examples must be at least 5 * bins = {5 * bins}, got "
            f"{o['num_examples']}"
        )
    rows: dict[str, np.ndarray] = {"x": np.zeros((o["num_examples"], 1), np.float32)}
    given = run.parts.dataset.splits[split].get("condition")
    if given is not None:
        rows["condition"] = given[np.arange(o["num_examples"]) % len(given)]
    ranks = _estimated(run, make_posterior_ranks, rows, o["num_draws"])["rank"]
    tests = rank_tests(ranks, o["num_draws"], bins)
    p_values = [test.p_value for test in tests]
    place = (ranks.astype(np.float64) + 0.5) / (o["num_draws"] + 1)
    # Of even ranks 0 to S the spread is a little below that of the uniform law.
    even = 1.0 - 1.0 / (o["num_draws"] + 1) ** 2
    return {
        "sbc": {
            "value": min(1.0, len(tests) * min(p_values)),
            "se": None,
            "unit": "p-value",
            "by_dimension": p_values,
            "degrees": bins - 1,
            "counts": rank_counts(ranks, o["num_draws"], bins).tolist(),
            "band": list(histogram_band(len(ranks), bins)),
        },
        "sbc_spread": average(spread_of(place).mean(1) / even, "1 if right")
        | {"by_dimension": (spread_of(place).mean(0) / even).tolist()},
        "sbc_rank": average(place.mean(1), "of the range") | {"nominal": 0.5},
    }


def _estimated(
    run: Any, make: Any, rows: Mapping[str, np.ndarray], num_draws: int
) -> dict[str, np.ndarray]:
    compiled = jax.jit(make(run.model, run.parts.preparation))
    size = run.config.get("evaluation", {}).get("block_size") or LEAST_BLOCK
    options = {"num_samples": num_draws, "block_size": min(size, len(rows["x"]))}
    key = key_of(run, make.__name__)
    return estimate(compiled, run.variables, key, rows, **options)


def _tested(counts: np.ndarray) -> dict[str, Any]:
    total = int(counts.sum())
    if counts.mean() < 5:
        return missing(f"needs 10 examples or more, got {total}", "p-value")
    band = histogram_band(total, len(counts))
    found = {"value": evenness(counts).p_value, "se": None, "unit": "p-value"}
    return found | {"counts": counts.tolist(), "band": list(band)}


def _bins(bins: int, total: int) -> int:
    """As many as asked for, but 5 values a bin, and at least 2."""
    return max(2, min(bins, total // 5))


def _one_each(pit: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One of the observed values of each row [N, D], which has one."""
    order = random.random(pit.shape)
    return pit[np.arange(len(pit)), np.where(np.isnan(pit), -1.0, order).argmax(1)]
