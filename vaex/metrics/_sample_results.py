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
from vaex.metrics.two_sample_test import mmd_test

Results = dict[str, Any]

RESAMPLES = 20
"""Of both samples, for the standard error of the Frechet distance."""


def in_features(
    run: Any, rows: Mapping[str, np.ndarray], means: np.ndarray, o: Mapping[str, Any]
) -> Results:
    """What is measured in the features of the classifier."""
    names = ("precision", "recall", "density", "coverage")
    dataset = run.parts.dataset
    try:
        classifier = train_classifier(dataset, seed=o["seed"])
    except InputError as error:
        every = ("frechet_distance", "frechet_of_data", *names)
        return {name: missing(str(error), "") for name in every}
    real = classifier.features(in_data_units(rows["x"], dataset.num_levels))
    drawn = classifier.features(means)
    train, _ = chosen_rows(dataset.splits["train"], len(real), o["seed"] + 1)
    known = classifier.features(in_data_units(train["x"], dataset.num_levels))
    unit = {"unit": "squared features"}
    named = {"features": classifier.name, "num_examples": len(real)}
    results: Results = {}
    for name, values in (("frechet_distance", drawn), ("frechet_of_data", known)):
        value = frechet_distance(real, values)
        se = _frechet_error(real, values, o["seed"])
        results[name] = {"value": value, "se": se, **unit, **named}
    found = neighbour_scores(real, drawn, k=o["k"])
    for name, values in zip(names, found, strict=True):
        part = "of samples" if name in ("precision", "density") else "of examples"
        results[name] = average(values, part) | named | {"k": o["k"]}
    return results


def two_sample(
    run: Any, rows: Mapping[str, np.ndarray], drawn: np.ndarray, o: Mapping[str, Any]
) -> Results:
    """The test of whether x ~ p(x) and the examples have one distribution."""
    if "mask" in rows:
        return {"mmd": missing("masked values cannot be compared", "p-value")}
    count = min(o["test_examples"], len(rows["x"]))
    few = {name: values[:count] for name, values in rows.items()}
    preparation = run.parts.preparation
    batch = preparation(key_of(run, "two samples"), few)
    real = np.asarray(preparation.inverse(batch["x"])).reshape(count, -1)
    options = {"permutations": o["permutations"], "seed": o["seed"]}
    found = mmd_test(real, drawn[:count].reshape(count, -1), **options)
    return {
        "mmd": {
            "value": found.p_value,
            "se": None,
            "unit": "p-value",
            "statistic": found.statistic,
            "null_deviation": found.null_deviation,
            "bandwidth": found.bandwidth,
            "num_examples": count,
        }
    }


def _frechet_error(x: np.ndarray, y: np.ndarray, seed: int) -> float:
    """Standard deviation of the distance over resamples of both."""
    random = np.random.default_rng(seed)

    def again(rows: np.ndarray) -> np.ndarray:
        return rows[random.integers(0, len(rows), len(rows))]

    values = [frechet_distance(again(x), again(y)) for _ in range(RESAMPLES)]
    return float(np.std(values, ddof=1))
