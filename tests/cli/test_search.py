"""`hydra/sweeper=optuna` without training: what is asked, told and written."""

import json
import shlex

import numpy as np
import pytest
import yaml

from tests.cli.searching import (
    Launcher,
    bowl,
    fast_disk,  # noqa: F401
    numbers,
    run_search,
)
from vaex.errors import InputError

pytestmark = pytest.mark.usefixtures("fast_disk")
BOWL = ("a=interval(-5, 5)", "b=interval(-5, 5)", "trainer.steps=7")


def test_tpe_beats_random_trials(tmp_path):
    found = run_search(tmp_path / "tpe", *BOWL, n_trials=40, batch=4)
    drawn = run_search(tmp_path / "r", *BOWL, n_trials=40, batch=4, sampler="random")
    assert found.launcher.batches == drawn.launcher.batches == [4] * 10
    assert max(found.values()) > np.median(drawn.values())
    # After its 10 random ones TPE tries better points, the best one near the top: the
    # disc of values above -1 is 3 % of the square.
    assert np.median(found.values()[20:]) > np.median(drawn.values()) / 2
    assert max(found.values()) > -1
    assert len({*found.params("a", "b")}) == 40


def test_what_is_left_and_printed(tmp_path):
    kept = (*BOWL, "likelihood=bernoulli,gaussian", "run.root=/a\\ b")
    words = (*kept, "run.fresh=true")
    found = run_search(tmp_path, *words, n_trials=12)
    best = max(found.trials, key=lambda row: float(row["held_out.elbo"]))
    results = yaml.safe_load((found.folder / "optimization_results.yaml").read_text())
    assert results["name"] == "optuna"
    assert results["trial"] == int(best["trial"])
    assert results["best_value"] == float(best["held_out.elbo"]) == max(found.values())
    assert {k: str(v) for k, v in results["best_params"].items()} == {
        key: best[key] for key in ("a", "b", "likelihood")
    }
    line = shlex.split(results["command"])
    assert line[:4] == ["vaex", "train", "trainer.steps=7", "run.root=/a\\ b"]
    assert bowl(dict(word.split("=", 1) for word in line[2:])) == max(found.values())
    assert f"again  {results['command']}" in found.out
    assert f"run    {results['run']}" in found.out
    assert found.out.startswith("search: tpe over a, b, likelihood; 12 trials in")
    record = json.loads((found.folder / "sweep.json").read_text())
    assert record["line"] == ["hydra/sweeper=optuna", *words]
    assert [job["number"] for job in record["jobs"]] == list(range(12))
    assert (found.folder / record["jobs"][3]["run"]).is_dir()
    assert not (found.folder / "journal.log.lock").exists()


@pytest.mark.slow
def test_figures(tmp_path):
    words = (*BOWL, "likelihood=bernoulli,gaussian")
    found = run_search(tmp_path, *words, n_trials=12, figures=True)
    for name in ("search_history.png", "search_parameters.png"):
        assert (found.folder / name).read_bytes().startswith(b"\x89PNG")
        assert name in found.out


def test_a_grid_is_exhausted_once(tmp_path):
    words = ("a=range(0,3)", "likelihood=bernoulli,gaussian", "c=range(0,1,0.25)")
    found = run_search(tmp_path, *words, sampler="grid", batch=5)
    assert found.launcher.batches == [5, 5, 5, 5, 4]
    grid = {
        (str(a), head, str(c))
        for a in range(3)
        for head in ("bernoulli", "gaussian")
        for c in (0.0, 0.25, 0.5, 0.75)
    }
    drawn = found.params("a", "likelihood", "c")
    assert {*drawn} == grid
    assert len(drawn) == 24
    assert drawn != sorted(drawn)  # a part of a grid is spread over it
    again = run_search(tmp_path, *words, sampler="grid", batch=5, n_trials=100)
    assert again.launcher.launched == []


def test_part_of_a_grid_and_then_the_rest(tmp_path):
    words = ("a=range(0,3)", "b=range(0,3)")
    part = run_search(tmp_path, *words, sampler="grid", n_trials=4)
    assert len(part.trials) == 4
    rest = run_search(tmp_path, *words, sampler="grid")
    assert len({*rest.params("a", "b")}) == len(rest.trials) == 9
    assert rest.params("a", "b")[:4] == part.params("a", "b")


def test_failed_jobs_are_told_with_their_reason(tmp_path):
    def objective(params):
        return ("diverged", "the loss is\nnot finite") if "-" in params["a"] else 1.0

    found = run_search(tmp_path, BOWL[0], n_trials=12, objective=objective)
    failed = [row for row in found.trials if "-" in row["a"]]
    assert 0 < len(failed) < 12
    for row in found.trials:
        assert (row["state"] == "failed") == (row in failed)
    for row in failed:
        assert row["reason"] == "the loss is not finite"
        assert row["held_out.elbo"] == ""
        assert f"trial {row['trial']} failed: the loss is not finite" in found.out


def test_options_that_cannot_be_composed_fail_alone(tmp_path):
    found = run_search(tmp_path, "a=1,typo", n_trials=6)
    assert 0 < sum(row["state"] == "failed" for row in found.trials) < 6
    for row in found.trials:
        assert (row["a"] == "typo") == (row["state"] == "failed")
    assert all("typo" not in word for word in sum(found.launcher.launched, ()))


def test_all_jobs_fail(tmp_path):
    found = run_search(
        tmp_path, BOWL[0], n_trials=3, objective=lambda _: ("failed", "no")
    )
    assert "no trial was completed" in found.out
    results = yaml.safe_load((found.folder / "optimization_results.yaml").read_text())
    assert results["best_value"] is None


def test_equal_trials_of_a_batch_are_one_job(tmp_path):
    found = run_search(tmp_path, "a=0,1", n_trials=8, batch=8)
    assert len(found.trials) == 8
    assert sorted(found.launcher.launched) == [("a=0",), ("a=1",)]
    for row in found.trials:
        assert float(row["held_out.elbo"]) == {"0": -1.0, "1": 0.0}[row["a"]]


def test_trials_on_data_prepared_otherwise_are_told_of(tmp_path):
    def objective(params):
        kind = "Binarize()" if params["likelihood"] == "bernoulli" else "Standardize()"
        status = {"state": "finished", "preparation": kind, "data": {"checksum": "c"}}
        results = {"split": "test", "elbo": {"value": 0.0}}
        return {"status.json": status, "results.json": results}

    words = ("likelihood=bernoulli,gaussian", "a=1,2,3")
    found = run_search(tmp_path, *words, objective=objective, sampler="grid", batch=2)
    assert found.out.count("are of data prepared otherwise") == 1
    assert "Binarize()" in found.out
    assert "Standardize()" in found.out


@pytest.mark.parametrize("keep_best", [False, True])
def test_validation_looks_come_before_the_test_split(tmp_path, keep_best):
    def objective(params):
        looks = [(5, 2.0), (10, 3.0), (15, numbers(params)["a"])]
        rows = [{"step": s, "split": "validation", "elbo": v} for s, v in looks]
        rows.append({"step": 15, "split": "train", "elbo": 99.0})
        end = 10 if keep_best else 15
        results = {
            "split": "test",
            "elbo": {"value": -50.0},
            "training": {"checkpoint": end},
        }
        text = "".join(json.dumps(row) + "\n" for row in rows)
        return {"metrics.jsonl": text, "results.json": results}

    found = run_search(tmp_path, BOWL[0], n_trials=2, objective=objective)
    assert {row["split"] for row in found.trials} == {"validation"}
    assert "test split" not in found.out
    wanted = [3.0, 3.0] if keep_best else [float(row["a"]) for row in found.trials]
    assert found.values() == wanted


def test_a_search_on_the_test_split_says_so_once(tmp_path):
    found = run_search(tmp_path, BOWL[0], n_trials=9, batch=2)
    assert found.out.count("note: the search is on the test split") == 1
    assert "no look at a validation split" in found.out


def test_another_metric_and_direction(tmp_path):
    def objective(params):
        results = {"split": "test", "rate": {"value": -bowl(params)}}
        return {"results.json": results}

    options = {"metric": "rate.value", "direction": "minimize", "n_trials": 6}
    found = run_search(tmp_path, BOWL[0], objective=objective, **options)
    results = yaml.safe_load((found.folder / "optimization_results.yaml").read_text())
    assert results["best_value"] == min(found.values("rate.value"))
    assert "rate.value is computed on it" in found.out
    with pytest.raises(InputError, match="direction must be given"):
        run_search(tmp_path, BOWL[0], metric="rate.value")
    found = run_search(tmp_path / "b", BOWL[0], n_trials=1, objective=objective)
    assert "metric=held_out.elbo: results.json has no such number" in found.out
    assert "it has rate.value" in found.out


def test_several_metrics_give_a_pareto_set(tmp_path):
    def objective(params):
        a = numbers(params)["a"]
        results = {"split": "test", "nll": {"value": a**2}, "rate": {"value": abs(a)}}
        results["elbo"] = {"value": -((a - 1) ** 2)}
        return {"results.json": results}

    found = run_search(
        tmp_path,
        "a=range(-3, 4)",
        objective=objective,
        sampler="grid",
        metric=["elbo.value", "nll.value"],
        direction=["maximize", "minimize"],
    )
    results = yaml.safe_load((found.folder / "optimization_results.yaml").read_text())
    # -(a - 1)^2 is best at 1 and a^2 at 0: what lies between is not dominated.
    assert sorted(s["params"]["a"] for s in results["solutions"]) == [0, 1]
    assert "2 of them are Pareto-optimal" in found.out


def test_a_launcher_may_say_where_runs_are_in_its_own_way(tmp_path):
    class Bare(Launcher):
        def launch(self, job_overrides, initial_job_idx):
            found = super().launch(job_overrides, initial_job_idx)
            for job in found:
                job.working_dir = job.hydra_cfg.hydra.runtime.output_dir
                job.hydra_cfg = None
            return found

    found = run_search(tmp_path, *BOWL, launcher=Bare(tmp_path, bowl), n_trials=2)
    assert {row["state"] for row in found.trials} == {"complete"}


def test_a_timeout_ends_after_a_batch(tmp_path):
    found = run_search(tmp_path, BOWL[0], n_trials=9, batch=2, timeout=1e-9)
    assert len(found.trials) == 2
    assert "seconds are over with 7 trials left; the same line again" in found.out


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (["a=1"], {}, "a search needs a key with several values"),
        (["a=1,typo_not"], {"pruner": "median"}, "needs a launcher that stops a run"),
        (["typo=interval(0,1)"], {}, "no such typo"),
        (["a=interval(0,1)"], {"sampler": "grid"}, "grid needs finitely many values"),
        (["a=1,2"], {"sampler": "tep"}, "sampler must be one of tpe, random, grid"),
        (["a=1,2"], {"sampler": "math.sqrt"}, "cannot be made"),
        (["a=1,2"], {"sampler": "fractions.Fraction"}, "an optuna BaseSampler"),
        (["a=1,2"], {"sampler_options": {"startup": 3}}, "it takes"),
        (["a=1,2"], {"pruner_options": 3}, "must be a dictionary, such as"),
        (["a=1,2"], {"n_trials": 0}, "n_trials must be at least 1, got 0"),
        (["a=1,2"], {"timeout": -1.0}, "timeout must be positive"),
        (["a=1,2"], {"study_name": "../up"}, "study_name must be a folder's name"),
        (["a=1,2"], {"direction": "up"}, "must be maximize or minimize, got 'up'"),
        (["a=1,2"], {"metric": []}, "metric must name"),
        (["a=1,2"], {"direction": ["minimize"] * 2}, "one for each metric"),
    ],
)
def test_what_cannot_work_is_refused_and_leaves_no_trial(
    tmp_path, words, options, message
):
    launcher = Launcher(tmp_path, bowl)
    with pytest.raises(Exception, match=message) as caught:
        run_search(tmp_path, *words, launcher=launcher, **options)
    assert isinstance(caught.value, InputError) or "typo" in words[0]
    assert launcher.launched == []
    assert not list(tmp_path.rglob("journal.log"))
