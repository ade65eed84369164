"""What samples are measured by: features of a classifier, and a two-sample test."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from vaex.errors import InputError
from vaex.evaluation.summary import average, missing
from vaex.metrics._run_parts import chosen_rows, key_of
from vaex.metrics.feature_classifier import in_data_units, train_classifier
from vaex.metrics.frechet import frechet_distance
from vaex.metrics.nearest_neighbours import neighbour_scores
from vaex.metrics.two_sample_test import TwoSampleTest, mmd_test

Results = dict[str, Any]

RESAMPLES = 20
"""Of both samples, for the standard error of the Frechet distance."""

FEATURES = "squared features"


def in_features(
    run: Any,
    rows: Mapping[str, np.ndarray],
    means: np.ndarray,
    others: Mapping[str, np.ndarray],
    o: Mapping[str, Any],
) -> Results:
    """What is measured in the features of the classifier; `others` is other data."""
    names = ("precision", "recall", "density", "coverage")
    dataset = run.parts.dataset
    try:
        classifier = train_classifier(dataset, seed=o["seed"])
    except InputError as error:
        every = ("frechet_distance", "frechet_of_data", *names)
        return {name: missing(str(error), "") for name in every}

    def features(part: Mapping[str, np.ndarray]) -> np.ndarray:
        return classifier.features(in_data_units(part["x"], dataset.num_levels))

    real, drawn = features(rows), classifier.features(means)
    named = {"features": classifier.name, "num_examples": len(real)}
    results: Results = {"frechet_distance": _frechet(real, drawn, o["seed"]) | named}
    reason = "there are no two training examples beside these"
    results["frechet_of_data"] = missing(reason, FEATURES)
    if len(others["x"]) > 1:
        results["frechet_of_data"] = _frechet(real, features(others), o["seed"]) | named
    found = neighbour_scores(real, drawn, k=o["k"])
    for name, values in zip(names, found, strict=True):
        part = "of samples" if name in ("precision", "density") else "of examples"
        results[name] = average(values, part) | named | {"k": o["k"]}
    return results


def two_sample(
    run: Any, rows: Mapping[str, np.ndarray], drawn: np.ndarray, o: Mapping[str, Any]
) -> Results:
    """The test of whether x ~ p(x) and the examples have one distribution."""
    if not run.parts.likelihood.is_normalized:
        reason = "the likelihood head is a loss without a density: x cannot be drawn"
        return {"mmd": missing(reason, "p-value")}
    if "mask" in rows:
        return {"mmd": missing("masked values cannot be compared", "p-value")}
    few, chosen = chosen_rows(rows, o["test_examples"], o["seed"])
    preparation = run.parts.preparation
    batch = preparation(key_of(run, "two samples"), few)
    real = np.asarray(preparation.inverse(batch["x"])).reshape(len(chosen), -1)
    found = tested(real, drawn[chosen].reshape(len(chosen), -1), o)
    return {"mmd": found}


def tested(x: np.ndarray, y: np.ndarray, o: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of results: the two-sample test of as many rows of each."""
    options = {"permutations": o["permutations"], "seed": o["seed"]}
    found: TwoSampleTest = mmd_test(x, y, **options)
    return {
        "value": found.p_value,
        "se": None,
        "unit": "p-value",
        "statistic": found.statistic,
        "null_deviation": found.null_deviation,
        "bandwidth": found.bandwidth,
        "num_examples": len(x),
    }


def _frechet(x: np.ndarray, y: np.ndarray, seed: int) -> dict[str, Any]:
    """The distance, and its standard deviation over resamples of both."""
    random = np.random.default_rng(seed)

    def again(rows: np.ndarray) -> np.ndarray:
        return rows[random.integers(0, len(rows), len(rows))]

    values = [frechet_distance(again(x), again(y)) for _ in range(RESAMPLES)]
    return {
        "value": frechet_distance(x, y),
        "se": float(np.std(values, ddof=1)),
        "unit": FEATURES,
        "num_drawn": len(y),
    }
