"""Training: what is printed and recorded, and what names a run."""

import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import TINY, only_run
from vaex.cli._configuration import run_name
from vaex.io.load import load_run
from vaex.io.run_directory import RunDirectory

HEAD = '''\
import distrax
from vaex.likelihoods.base import Likelihood, positive


class MyHead(Likelihood):
    """p(x|z) = prod_d StudentT(x_d; k, loc_d, scale_d)."""

    k: int = 2
    num_params = 2

    def distribution(self, loc, raw_scale):
        return distrax.Laplace(loc, positive(raw_scale, self.min_scale) / self.k)


class Stubborn(Likelihood):
    def __post_init__(self):
        super().__post_init__()
        raise ValueError("not today")


class Undefined(Likelihood):
    num_params = 2

    def distribution(self, loc, raw_scale):
        return distrax.Laplace(loc, float("nan") * raw_scale)


class Misspelt(Likelihood):
    def distribution(self, loc):
        return distrax.Laplase(loc, 1.0)


class Unfit(Likelihood):
    num_params = 3

    def distribution(self, loc, raw_scale):
        return distrax.Laplace(loc, positive(raw_scale, self.min_scale))
'''


@pytest.fixture
def my_lab(tmp_path, monkeypatch):
    """A working directory with a package of the user's own; its name."""
    name = f"lab_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "heads.py").write_text(HEAD)
    (tmp_path / name / "broken.py").write_text("import not_installed_anywhere\n")
    (tmp_path / name / "cut.py").write_text("class Head(\n")
    monkeypatch.chdir(tmp_path)
    return name


def read(path: Path) -> dict:
    return json.loads(path.read_text())


# What is printed.


def test_the_default_line(finished):
    code, out, err = finished.answer
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "data         digits (8, 8): 1437 train, 360 test"
    assert lines[1] == "prepared by  Levels(num_classes=17)"
    assert "DiscretizedLogistic" in lines[2]
    assert lines[3].endswith("128 examples a step, 11 steps an epoch")
    for row, unit in {
        "ELBO": "nats/example",
        "NLL, 4 importance samples": "nats/example",
        "bits/dim": "bits/dim",
        "distortion": "nats/example",
        "rate": "nats/example",
        "active units": "of 3",
    }.items():
        (line,) = (s for s in lines if s.startswith(f"│ {row} "))
        assert unit in line
    assert f"run      {finished.path}" in lines
    assert lines[-1].startswith(f"next     vaex evaluate {finished.path}")


def test_the_same_line_returns_the_finished_run(train, finished, monkeypatch):
    def untouched(*arguments, **options):
        raise AssertionError("it trained again")

    before = {p: p.stat().st_mtime_ns for p in finished.path.glob("*.json*")}
    monkeypatch.setattr("vaex.cli._run.iterate", untouched)
    code, out, err = train(finished.root)
    assert (code, err) == (0, "")
    assert out.startswith("finished before")
    assert (
        out.splitlines()[1:]
        == finished.answer.out.splitlines()[-len(out.splitlines()) + 1 :]
    )
    assert {p: p.stat().st_mtime_ns for p in finished.path.glob("*.json*")} == before


def test_fresh_moves_the_earlier_run_aside(train, tmp_path, table_file):
    line = (tmp_path, "data=array", f"data.path={table_file}")
    train(*line)
    first = only_run(tmp_path)
    results = read(first / "results.json")
    code, out, err = train(*line, "run.fresh=true")
    assert (code, err) == (0, "")
    aside = first.with_name(f"{first.name}.1")
    assert f"the earlier run is now {aside}" in out
    assert read(aside / "results.json") == results
    again = read(first / "results.json")
    assert again["elbo"] == results["elbo"]
    assert read(first / "status.json")["attempt"] == 1
    assert {p.name for p in tmp_path.iterdir()} == {first.name, aside.name}


def test_help(vaex):
    code, out, err = vaex("train", "--help")
    assert (code, err) == (0, "")
    assert out.startswith("vaex train [-m]")
    assert "likelihood: bernoulli, b" in out
    assert "Sweep with -m and commas" in out


def test_the_configuration_on_request(vaex, tmp_path):
    code, out, err = vaex("train", "--cfg", "job", "latent_dim=7", "--resolve")
    assert (code, err) == (0, "")
    assert out.startswith("seed: 0\nlatent_dim: 7\n")
    assert out.count("latent_dim: 7") == 3
    assert "hydra" not in out


def test_info_on_request(vaex):
    code, out, err = vaex("train", "--info", "defaults-tree")
    assert (code, err) == (0, "")
    assert "likelihood: discretized_logistic" in out


# What is recorded.


def test_the_run_directory(finished):
    names = {path.name for path in finished.path.iterdir()}
    assert names == {
        ".hydra",
        "checkpoints",
        "config.json",
        "metrics.jsonl",
        "results.json",
        "status.json",
    }
    assert finished.path.name.startswith("digits-discretized_logistic-")


def test_results(finished):
    results = read(finished.path / "results.json")
    assert results["split"] == "test"
    assert results["num_examples"] == 360
    for name in ("elbo", "nll", "distortion", "rate"):
        assert results[name]["unit"] == "nats/example"
        assert math.isfinite(results[name]["value"])
        assert results[name]["se"] > 0
    assert results["nll"]["num_samples"] == 4
    assert results["nll"]["value"] < -results["elbo"]["value"]
    elbo = -(results["distortion"]["value"] + results["rate"]["value"])
    assert results["elbo"]["value"] == pytest.approx(elbo, rel=1e-6)
    bits = results["nll"]["value"] / (64 * math.log(2))
    assert results["bits_per_dim"]["value"] == pytest.approx(bits)
    assert results["active_units"]["of"] == 3
    assert isinstance(results["active_units"]["value"], int)
    assert len(results["rate_per_group"]) == 3
    assert sum(results["rate_per_group"]) == pytest.approx(results["rate"]["value"])
    assert results["training"]["steps"] == 4
    assert results["training"]["examples"] == 512


def test_metrics(finished):
    lines = (finished.path / "metrics.jsonl").read_text().splitlines()
    trained, held_out = (json.loads(line) for line in lines)
    place = {"step": 4, "epoch": round(4 / 11, 4)}
    assert trained.items() >= {**place, "split": "train"}.items()
    assert held_out.items() >= {**place, "split": "test"}.items()
    for row in (trained, held_out):
        total = -(row["distortion"] + row["rate"])
        assert row["elbo"] == pytest.approx(total, rel=1e-6)
    assert trained["loss"] == pytest.approx(-trained["elbo"], rel=1e-6)
    final = read(finished.path / "results.json")["elbo"]["value"]
    assert held_out["elbo"] == pytest.approx(final, rel=1e-5)


def test_status(finished):
    status = read(finished.path / "status.json")
    assert status["state"] == "finished"
    assert status["attempt"] == 1
    assert status["versions"]["jax"] == version("jax")
    assert status["data"]["name"] == "digits"
    assert len(status["data"]["checksum"]) == 64
    assert status["backend"] == "cpu"
    assert status["preparation"] == "Levels(num_classes=17)"
    assert {"started", "updated", "cores", "machine", "revision", "pid"} <= set(status)


def test_config(finished):
    config = read(finished.path / "config.json")
    assert config["prior"] == {
        "_target_": "vaex.priors.standard_gaussian.StandardGaussian",
        "latent_dim": 3,
    }
    assert config["encoder"]["hidden"] == [8]
    assert config["trainer"]["steps"] == 4
    assert "hydra" not in config
    text = (finished.path / "config.json").read_text()
    assert "${" not in text
    assert "???" not in text


@pytest.mark.slow
def test_a_loss_only_head(train, tmp_path, table_file):
    answer = train(
        tmp_path,
        "data=array",
        f"data.path={table_file}",
        "likelihood=mean_squared_error",
    )
    assert (answer.code, answer.err) == (0, "")
    results = read(only_run(tmp_path) / "results.json")
    for name in ("elbo", "nll", "bits_per_dim", "distortion"):
        assert results[name]["value"] is None
        assert results[name]["se"] is None
        assert "density" in results[name]["reason"] or name == "bits_per_dim"
    assert results["reconstruction_loss"]["value"] > 0
    assert results["rate"]["value"] > 0
    assert "│ ELBO" in answer.out
    for row in RunDirectory(only_run(tmp_path)).metrics():
        assert "elbo" not in row
        assert row["reconstruction_loss"] > 0


@pytest.mark.slow
def test_figures(train, tmp_path, levels_file):
    answer = train(
        tmp_path,
        "data=array",
        f"data.path={levels_file}",
        "likelihood=continuous_bernoulli",
        "latent_dim=2",
        "run.figures=true",
    )
    assert (answer.code, answer.err) == (0, "")
    run = only_run(tmp_path)
    names = {path.name for path in (run / "figures").iterdir()}
    assert names == {
        "latent_space.png",
        "manifold.png",
        "reconstructions.png",
        "samples.png",
        "training_curves.png",
    }
    assert f"figures  {run}/figures: {', '.join(sorted(names))}" in answer.out


# What names a run.


@pytest.fixture
def name_of(composed):
    return lambda *words: run_name(composed(*words))


def test_the_name_is_of_what_matters(name_of, finished):
    assert finished.path.name == name_of(*TINY)
    assert name_of(*TINY, "run.root=elsewhere", "run.fresh=true") == name_of(*TINY)
    lines = [
        (),
        ("seed=1",),
        ("data.seed=1",),
        ("likelihood.min_scale=0.1",),
        ("trainer.epochs=7",),
    ]
    assert len({name_of(*words) for words in lines}) == len(lines)


def test_the_name_is_of_the_data_and_not_of_where_they_are(name_of, tmp_path, table):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "x.npy", table)
    other = table.copy()
    other[0, 0] += 1
    np.save(tmp_path / "b" / "y.npy", other)
    names = [
        name_of("data=array", f"data.path={tmp_path / path}")
        for path in ("a/x.npy", "b/x.npy", "b/y.npy")
    ]
    assert names[0] == names[1] != names[2]
    path = f"data.path={tmp_path / 'a/x.npy'}"
    assert name_of("data=array", path, "data.test_fraction=0.2") != names[0]


# Parts of the user's own.


def test_a_head_of_ones_own(train, tmp_path, my_lab, table_file):
    answer = train(
        tmp_path / "runs",
        "data=array",
        f"data.path={table_file}",
        "likelihood=custom",
        f"likelihood._target_={my_lab}.heads.MyHead",
        "+likelihood.k=3",
    )
    assert (answer.code, answer.err) == (0, "")
    assert "MyHead(event_shape=(5,), min_scale=0.001, k=3)" in answer.out
    run = only_run(tmp_path / "runs")
    assert run.name.startswith("array-heads-")
    assert read(run / "config.json")["likelihood"]["k"] == 3
    assert math.isfinite(read(run / "results.json")["elbo"]["value"])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("heads.MyHaed", ["heads has no 'MyHaed'", "did you mean MyHead?"]),
        ("haeds.MyHead", ["has no 'haeds'", "did you mean heads?"]),
        ("broken.Head", ["broken failed", "No module named 'not_installed_anywhere'"]),
        ("cut.Head", ["cut failed: SyntaxError"]),
        ("heads.Stubborn", ["likelihood: Stubborn refused", "not today"]),
        ("heads.Unfit", ["the parts do not fit together", "takes 3 positional"]),
    ],
)
def test_a_head_that_does_not_work(refused, tmp_path, my_lab, path, words):
    target = f"likelihood._target_={my_lab}.{path}"
    message = refused(tmp_path / "runs", "likelihood=custom", target)
    for word in words:
        assert word in message


def test_a_mistake_in_a_head(train, tmp_path, my_lab):
    """Not bad input but a bug of the user's: where it is, and nothing left behind."""
    target = f"likelihood._target_={my_lab}.heads.Misspelt"
    code, out, err = train(tmp_path / "runs", "likelihood=custom", target)
    assert (code, out) == (2, "")
    assert "has no attribute 'Laplase'" in err
    assert not (tmp_path / "runs").exists()


def test_an_argument_of_the_wrong_type(refused, tmp_path, my_lab):
    line = ("likelihood=custom", f"likelihood._target_={my_lab}.heads.MyHead")
    message = refused(tmp_path / "runs", *line, "+likelihood.k=many")
    assert message == "likelihood.k must be an integer, got 'many'"
    message = refused(tmp_path / "runs", *line, "+likelihood.kk=1")
    assert message == "likelihood.kk: MyHead has no argument 'kk'; did you mean k?"


@pytest.mark.slow
def test_a_root_below_home(train, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    code, _, err = train("'~/mine'", "trainer.steps=1")
    assert (code, err) == (0, "")
    assert only_run(tmp_path / "mine")


# Runs that end early.


@pytest.mark.parametrize(
    "cause", ["learning rate", pytest.param("head", marks=pytest.mark.slow)]
)
def test_divergence(train, tmp_path, table_file, my_lab, cause):
    line = ["data=array", f"data.path={table_file}"]
    if cause == "head":
        target = f"likelihood._target_={my_lab}.heads.Undefined"
        line += ["likelihood=custom", target]
    else:
        line += ["optimizer.learning_rate=1e30"]
    code, _, err = train(tmp_path / "runs", *line)
    assert code == 1
    assert err.count("\n") == 1
    step = 0 if cause == "head" else 1
    assert f"is not finite at step {step}; try a lower optimizer.learning_rate" in err
    run = only_run(tmp_path / "runs")
    assert str(run) in err
    status = read(run / "status.json")
    assert status["state"] == "diverged"
    assert f"step {step}" in status["reason"]
    assert f"step {step}" in (run / "error.txt").read_text()
    assert not (run / "results.json").exists()
    rows = [row for row in RunDirectory(run).metrics() if row["split"] == "train"]
    assert [row["step"] for row in rows] == [1] * step


def test_an_interrupted_run_starts_again(
    vaex, train, tmp_path, table_file, monkeypatch
):
    from vaex.cli import _run

    def interrupted(*arguments, **options):
        yield next(whole(*arguments, **options))
        raise KeyboardInterrupt

    line = (tmp_path, "data=array", f"data.path={table_file}")
    whole = _run.iterate
    monkeypatch.setattr(_run, "iterate", interrupted)
    code, _, err = train(*line)
    assert (code, err) == (130, "\nvaex: interrupted\n")
    run = only_run(tmp_path)
    assert read(run / "status.json")["state"] == "interrupted"
    assert '"step": 1,' in (run / "metrics.jsonl").read_text()

    code, _, err = vaex("evaluate", str(run))
    assert code == 2
    assert "no checkpoint (its state is 'interrupted'); run its `vaex train`" in err

    monkeypatch.setattr(_run, "iterate", whole)
    code, out, err = train(*line)
    assert (code, err) == (0, "")
    assert "an unfinished run was here; it starts again from step 0" in out
    status = read(run / "status.json")
    assert (status["state"], status["attempt"]) == ("finished", 2)
    assert load_run(run).state.step == 4


def test_an_interruption_before_the_start_leaves_nothing(train, tmp_path, monkeypatch):
    def interrupted(config):
        raise KeyboardInterrupt

    monkeypatch.setattr("vaex.cli._run.assemble", interrupted)
    assert train(tmp_path) == (130, "", "\nvaex: interrupted\n")
    assert not tmp_path.exists()


def test_a_failure_is_recorded(train, tmp_path, table_file, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr("vaex.io.checkpoint.save", fail)
    code, _, err = train(tmp_path, "data=array", f"data.path={table_file}")
    assert code == 1
    assert err.startswith("vaex: RuntimeError: the disk is on fire\n")
    run = only_run(tmp_path)
    status = read(run / "status.json")
    assert (status["state"], status["reason"]) == ("failed", "the disk is on fire")
    assert "Traceback" in (run / "error.txt").read_text()
