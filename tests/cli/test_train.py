"""Training: what is printed and recorded."""

import json
import math
from importlib.metadata import version

import pytest

from tests.cli.commands import only_run, read
from vaex.io.run_directory import RunDirectory


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
    monkeypatch.setattr("vaex.cli._training.iterate", untouched)
    code, out, err = train(finished.root)
    assert (code, err) == (0, "")
    assert out.startswith("finished before")
    assert (
        out.splitlines()[1:]
        == finished.answer.out.splitlines()[-len(out.splitlines()) + 1 :]
    )
    assert {p: p.stat().st_mtime_ns for p in finished.path.glob("*.json*")} == before


@pytest.mark.slow
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
        ".lock",
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
    assert sum(results["rate_per_group"].values()) == pytest.approx(
        results["rate"]["value"]
    )
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
