"""Paired differences of runs, against scipy's t test of related samples."""

import csv
import io
import json

import numpy as np
import pytest
from scipy import stats

from vaex.sweeps.paired_runs import RunValues, compare_runs, mean_values
from vaex.sweeps.paired_tables import (
    paired_csv,
    paired_json,
    paired_markdown,
    paired_verdict,
)

UNITS = {"elbo": "nats/example", "nll": "nats/example", "rate": "nats/example"}


def runs(*, seeds=(0, 1, 2), others=(0, 1, 2)):
    """Two configurations; the second is better by 0.5 on examples that differ by 9."""
    generator = np.random.default_rng(0)
    example = generator.normal(-90.0, 9.0, 40)
    found = []
    for name, better, used in (("a", 0.0, seeds), ("b", 0.5, others)):
        for seed in used:
            elbo = (
                example + better + 0.3 * generator.normal() + generator.normal(size=40)
            )
            values = {"elbo": elbo, "nll": -elbo - 3.0}
            found.append(RunValues(f"{name}{seed}", name, seed, values))
    return found


def test_over_examples_and_over_seeds_as_scipy_has_it():
    given = runs()
    by_name = {run.name: run.values["elbo"] for run in given}
    a = np.stack([by_name[f"a{seed}"] for seed in range(3)])
    b = np.stack([by_name[f"b{seed}"] for seed in range(3)])
    rows = compare_runs(given, "elbo", 0.9)
    assert [(row.first, row.second, row.over) for row in rows] == [
        ("b", "a", "examples"), ("b", "a", "seeds"),
    ]  # fmt: skip
    for row, one, other in (
        (rows[0], b.mean(0), a.mean(0)),
        (rows[1], b.mean(1), a.mean(1)),
    ):
        test = stats.ttest_rel(one, other)
        interval = test.confidence_interval(0.9)
        d = row.difference
        assert d.mean == pytest.approx((one - other).mean())
        assert (d.low, d.high) == pytest.approx((interval.low, interval.high))
        assert d.se == pytest.approx(d.mean / test.statistic)
        assert d.n == len(one)
        assert row.num_seeds == 3
    # What is paired is much surer than the examples are alike.
    assert rows[0].difference.se < 0.1 * a.mean(0).std(ddof=1) / np.sqrt(40) * 4


def test_only_shared_seeds_are_compared_where_there_are_any():
    (row,) = compare_runs(runs(seeds=(0, 1), others=(1, 2)), "elbo")
    given = {run.name: run.values["elbo"] for run in runs(seeds=(0, 1), others=(1, 2))}
    assert row.num_seeds == 1
    assert row.difference.mean == pytest.approx((given["b1"] - given["a1"]).mean())
    (row,) = compare_runs(runs(seeds=(0,), others=(3, 4)), "elbo")
    given = {run.name: run.values["elbo"] for run in runs(seeds=(0,), others=(3, 4))}
    expected = (given["b3"] + given["b4"]) / 2 - given["a0"]
    assert (row.num_seeds, row.over) == (0, "examples")
    assert row.difference.mean == pytest.approx(expected.mean())


def test_means_have_an_error_over_seeds_or_else_over_examples():
    given = runs(others=(0,))
    means = mean_values(given, "elbo")
    a = np.array(
        [run.values["elbo"].mean() for run in given if run.configuration == "a"]
    )
    assert means["a"] == pytest.approx((a.mean(), stats.sem(a), 3))
    b = given[-1].values["elbo"]
    assert means["b"] == pytest.approx((b.mean(), stats.sem(b), 1))


def test_tables_say_which_is_better():
    rows = compare_runs(runs(), "elbo") + compare_runs(runs(), "nll")
    assert [paired_verdict(row) for row in rows if row.over == "examples"] == [
        "better"
    ] * 2
    below = rows[0].difference._replace(mean=-1.0, low=-2.0, high=-0.5)
    worse = rows[0]._replace(difference=below)
    assert paired_verdict(worse) == "worse"
    assert paired_verdict(worse._replace(metric="rate")) == ""
    unclear = rows[0].difference._replace(low=-1.0)
    assert paired_verdict(rows[0]._replace(difference=unclear)) == "not clear"
    (first, *_) = csv.DictReader(io.StringIO(paired_csv(rows, UNITS, 0.95)))
    assert float(first["difference"]) == rows[0].difference.mean
    assert (first["over"], first["n"], first["seeds"]) == ("examples", "40", "3")
    text = paired_markdown(rows, UNITS, 0.95)
    assert "| ELBO | b | +0." in text
    assert "differences from a ± standard error, 95% intervals" in text
    found = paired_json(rows, UNITS, 0.95, {"split": "test"})
    assert json.loads(json.dumps(found))["differences"][1]["over"] == "seeds"
