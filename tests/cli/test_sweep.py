"""Sweeps: `vaex train -m`."""

import json
from pathlib import Path

import numpy as np
import pytest


def states(root: Path) -> dict[str, str]:
    """Name without the hash, and seed -> state of every run."""
    found = {}
    for path in root.iterdir():
        if (path / "status.json").is_file():
            status = json.loads((path / "status.json").read_text())
            seed = json.loads((path / "config.json").read_text())["seed"]
            found[f"{path.name.rpartition('-')[0]} {seed}"] = status["state"]
    return found


@pytest.mark.slow
def test_a_sweep_over_heads_and_seeds(train, tmp_path, levels_file):
    code, out, err = train(
        tmp_path,
        "data=array",
        f"data.path={levels_file}",
        "-m",
        "likelihood=bernoulli,continuous_bernoulli",
        "seed=0,1",
    )
    assert (code, err) == (0, "")
    assert states(tmp_path) == {
        "array-bernoulli 0": "finished",
        "array-bernoulli 1": "finished",
        "array-continuous_bernoulli 0": "finished",
        "array-continuous_bernoulli 1": "finished",
    }
    assert out.startswith("4 jobs in 2 programs\nprogram 1 of 2: 2 jobs\n")
    assert out.count("finished") == 4
    assert "hydra" not in out.lower()


def test_failing_jobs_leave_the_others_alone(train, tmp_path, table, table_file):
    hurt = table.copy()
    hurt[7, 3] = np.nan
    np.save(tmp_path / "hurt.npy", hurt)
    paths = f"{tmp_path}/hurt.npy,{tmp_path}/absent.npy,{table_file}"
    code, out, err = train(
        tmp_path / "runs", "-m", "data=array", f"data.path={paths}", "seed=0"
    )
    assert code == 1
    assert out.count("\njob ") == 3
    lines = err.splitlines()
    assert lines[0] == "2 of 3 jobs failed:"
    assert f"data.path={tmp_path}/hurt.npy" in lines[1]
    assert "at row 7, column 3" in lines[1]
    assert f"{tmp_path}/absent.npy does not exist" in lines[2]
    assert "Traceback" not in err
    found = {}
    for path in (tmp_path / "runs").iterdir():
        if (path / "status.json").is_file():
            status = json.loads((path / "status.json").read_text())
            error = path / "error.txt"
            found[status["state"], status.get("reason", "")] = (
                error.read_text() if error.exists() else None
            )
    assert len(found) == 3
    assert found.pop(("finished", "")) is None
    for (state, reason), text in found.items():
        assert state == "failed"
        assert text == f"{reason}\n"


def test_what_is_misspelt_in_some_jobs_is_said_before_the_others_train(train, tmp_path):
    heads = "likelihood=discretized_logistic,gausian,gausian"
    code, _, err = train(tmp_path, "-m", heads)
    assert code == 1
    before, _, after = err.partition("2 of 3 jobs failed:")
    reason = "likelihood=gausian: there is no such option; did you mean gaussian?"
    assert before.startswith(f"2 of 3 jobs cannot run: {reason}")
    assert before.count("\n") == 1
    assert after.count(reason) == 2
    assert states(tmp_path) == {"digits-discretized_logistic 0": "finished"}


def test_a_sweep_that_cannot_be_composed_starts_nothing(refused, tmp_path):
    message = refused(tmp_path / "runs", "-m", "seed=0,1", "trainer.epoch=1")
    assert message == "there is no key 'trainer.epoch'; did you mean trainer.epochs?"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("hydra/sweeper=optuna", "hydra.sweeper.batch_size=2"),
            "'hydra.sweeper.batch_size' with hydra/sweeper=optuna; did you mean "
            "hydra.sweeper.batch?",
        ),
        (
            ("hydra.sweeper.n_trials=2",),
            "'hydra.sweeper.n_trials' with hydra/sweeper=grid",
        ),
        (("hydra.rum.dir=x",), "'hydra.rum.dir'; did you mean hydra.run.dir?"),
    ],
)
def test_a_key_that_hydra_lacks(refused, tmp_path, words, message):
    said = refused(tmp_path / "runs", "-m", "seed=0,1", *words)
    assert said == f"there is no key {message}"


def test_several_values_without_the_flag(refused, tmp_path):
    message = refused(tmp_path, "seed=0,1")
    assert message.startswith("seed=0,1 gives seed several values: add -m")
    assert message.endswith("or write seed=[...] for a list")
    message = refused(tmp_path, "data=digits,mnist")
    assert message.endswith("add -m to train with each of them")


def test_heads_that_do_not_fit_are_skipped_with_the_reason(train, tmp_path, table_file):
    line = ("data=array", f"data.path={table_file}")
    heads = "likelihood=bernoulli,custom,gaussian"
    code, out, err = train(tmp_path / "runs", "-m", *line, heads)
    assert (code, err) == (0, "")
    summary, bernoulli, custom = out.splitlines()[-3:]
    assert summary == "2 of 3 jobs skipped, as parts do not fit:"
    assert "likelihood=bernoulli" in bernoulli
    assert "is defined on {0, 1}, but" in bernoulli
    assert "likelihood._target_ must be given" in custom
    assert states(tmp_path / "runs") == {
        "array-bernoulli 0": "skipped",
        "array-gaussian 0": "finished",
    }


@pytest.mark.slow
def test_a_sweep_by_a_pattern_of_names(train, tmp_path, table_file):
    line = ("data=array", f"data.path={table_file}")
    code, out, err = train(tmp_path / "runs", "-m", *line, "likelihood=glob(b*)")
    assert (code, err) == (1, "")
    assert "likelihood=bernoulli" in out
    assert "likelihood=binomial" in out
    assert "jobs skipped, as parts do not fit:" in out
    code, _, err = train(tmp_path / "runs", "-m", "likelihood=glob(qq*)")
    assert code == 2
    assert "likelihood=glob(qq*) fits no option of likelihood; there are: " in err
