"""`vaex train -m hydra/sweeper=optuna`: the whole way, with training."""

import csv
import json
import sys

import pytest
import yaml

LINE = ("-m", "hydra/sweeper=optuna", "hydra/launcher=basic")
SPACE = (
    "optimizer.learning_rate=tag(log, interval(1e-4, 1e-2))",
    "objective.beta=interval(0.1, 4)",
)


def slow(*values):
    """A case for the second tier: Hydra composes once more for the message."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.slow
def test_six_trials_and_then_one_more(train, tmp_path):
    words = (*LINE, *SPACE, "hydra.sweeper.batch=3")
    code, out, err = train(tmp_path, *words, "hydra.sweeper.n_trials=6")
    assert (code, err) == (0, "")
    (folder,) = (tmp_path / "sweeps").glob("*/journal.log")
    folder = folder.parent
    rows = list(csv.DictReader((folder / "trials.csv").read_text().splitlines()))
    assert [row["state"] for row in rows] == ["complete"] * 6
    for row in rows:
        with open(f"{row['run']}/results.json") as file:
            results = json.load(file)
        with open(f"{row['run']}/config.json") as file:
            config = json.load(file)
        assert float(row["held_out.elbo"]) == results["elbo"]["value"]
        assert config["optimizer"]["learning_rate"] == float(
            row["optimizer.learning_rate"]
        )
        assert config["objective"]["beta"] == float(row["objective.beta"])
    best = max(rows, key=lambda row: float(row["held_out.elbo"]))
    found = yaml.safe_load((folder / "optimization_results.yaml").read_text())
    assert found["best_value"] == float(best["held_out.elbo"])
    assert found["run"] == best["run"]
    assert "note: the search is on the test split" in out
    assert f"again  {found['command']}" in out

    code, out, err = train(tmp_path, *words, "hydra.sweeper.n_trials=7")
    assert (code, err) == (0, "")
    assert "it goes on: 6 trials are done" in out
    more = list(csv.DictReader((folder / "trials.csv").read_text().splitlines()))
    assert more[:6] == rows
    assert len(more) == 7


def test_optuna_that_is_missing_is_named_with_the_fix(refused, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    message = refused(tmp_path, *LINE, *SPACE)
    assert message == (
        "hydra/sweeper=optuna needs optuna, which is not installed; "
        "pip install 'vaex-jax[sweeps]'"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["seed=0"], "a search needs a key with several values, got none"),
        slow([*SPACE, "hydra.sweeper.n_trial=3"], "no key 'hydra.sweeper.n_trial'"),
        slow([*SPACE, "objective.betta=1"], "no key 'objective.betta'; did you mean"),
        ([*SPACE, "hydra.sweeper.pruner=median"], "needs a launcher that stops a run"),
    ],
)
def test_lines_that_cannot_work(refused, tmp_path, words, message):
    assert message in refused(tmp_path, *LINE, *words)
