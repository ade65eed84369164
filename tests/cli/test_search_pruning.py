"""Searches that stop bad runs early, and samplers by import path."""

import numpy as np
import pytest

from tests.cli.searching import (
    WatchedLauncher,
    bowl,
    fast_disk,  # noqa: F401
    run_search,
)
from vaex.errors import InputError

pytestmark = pytest.mark.usefixtures("fast_disk")
BOWL = ("a=interval(-5, 5)", "b=interval(-5, 5)", "trainer.steps=7")


def test_pruning_stops_bad_runs(tmp_path):
    launcher = WatchedLauncher(tmp_path, bowl)
    options = {"n_trials": 24, "batch": 8, "pruner": "median"}
    found = run_search(tmp_path, *BOWL, launcher=launcher, **options)
    pruned = [row for row in found.trials if row["state"] == "pruned"]
    assert 3 < len(pruned) < 20
    assert all(int(row["trial"]) >= 8 for row in pruned)  # nothing to compare with
    # All curves have one shape: what is stopped at a look would end below the median.
    ends = [bowl(row) for row in pruned]
    assert max(ends) < np.median([bowl(row) for row in found.trials[:8]])
    assert "pruned" in found.out
    assert launcher.watch is None


def test_runs_of_other_processes_cannot_be_stopped(tmp_path):
    launcher = WatchedLauncher(tmp_path, bowl)
    with pytest.raises(InputError, match=r"got WatchedLauncher with hydra\.launcher"):
        run_search(tmp_path, *BOWL, launcher=launcher, where="slurm", pruner="median")
    assert not list(tmp_path.iterdir())


def test_what_was_not_watched_is_told_once(tmp_path):
    launcher = WatchedLauncher(tmp_path, bowl)
    launcher.looks = range(0)
    options = {"n_trials": 6, "pruner": "median"}
    found = run_search(tmp_path, *BOWL, launcher=launcher, **options)
    assert found.out.count("note: nothing could stop trial 0 early") == 1


@pytest.mark.slow
@pytest.mark.parametrize("pruner", ["successive_halving", "hyperband"])
def test_other_pruners_count_looks(tmp_path, pruner):
    launcher = WatchedLauncher(tmp_path, bowl)
    options = {"n_trials": 40, "batch": 4, "pruner": pruner}
    found = run_search(tmp_path, *BOWL, launcher=launcher, **options)
    states = [row["state"] for row in found.trials]
    assert 3 < states.count("pruned") < 38
    assert states.count("complete") >= 2
    best = max(found.trials, key=bowl)
    assert best["state"] == "complete"


@pytest.mark.parametrize(
    "sampler", ["RandomSampler", pytest.param("QMCSampler", marks=pytest.mark.slow)]
)
def test_import_paths_of_samplers_and_pruners(tmp_path, sampler):
    launcher = WatchedLauncher(tmp_path, bowl)
    found = run_search(
        tmp_path,
        *BOWL,
        launcher=launcher,
        n_trials=8,
        sampler=f"optuna.samplers.{sampler}",
        pruner="optuna.pruners.ThresholdPruner",
        pruner_options={"lower": -30.0},
    )
    assert len({*found.params("a", "b")}) == 8
    for row in found.trials:
        assert (row["state"] == "pruned") == (bowl(row) - 8 < -30)
