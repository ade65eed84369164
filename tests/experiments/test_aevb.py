"""The figures of the AEVB paper: their runs, and what is read from them."""

import dataclasses
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from tests.experiments.test_experiments import load
from vaex.cli import _configuration
from vaex.errors import RunError
from vaex.io.structure import structure_of
from vaex.training.config import TrainConfig

FIG2, FIG4 = load("aevb_fig2"), load("aevb_fig4")


def composed(words):
    _configuration.register()
    folder = str(_configuration.config_folder())
    with initialize_config_dir(folder, version_base="1.3"):
        return _configuration.plain(compose("config", list(words)))


@pytest.mark.parametrize("scale", ["smoke", "full"])
def test_looks_are_where_the_table_has_numbers(scale):
    steps = FIG2.STEPS[scale]
    looks = FIG2.looks(steps)
    assert looks == sorted(set(looks))
    assert looks[-1] == steps
    assert {1000, 3000} <= set(looks)
    assert len(looks) < 20
    assert all(step % FIG2.LOG_EVERY == 0 for step in looks)  # a row of training ends
    assert TrainConfig(steps=steps, evaluate_at=looks).boundary(600) == 100


def test_the_seeds_of_a_curve_share_a_program():
    jobs = FIG2.jobs("smoke")
    assert len(jobs) == 27
    configs = [composed(words) for words in (jobs[0], jobs[2], jobs[3], jobs[-1])]
    assert [config["seed"] for config in configs] == [0, 2, 0, 2]
    first, third, other, last = map(structure_of, configs)
    assert first == third
    assert len({first, other, last}) == 3
    assert configs[0]["optimizer"]["learning_rate"] == 0.02
    assert configs[0]["model"]["kernel_scale"] == 0.01
    head = "vaex.likelihoods.sigmoid_gaussian.SigmoidGaussian"
    assert configs[-1]["likelihood"]["_target_"] == head


def test_models_of_pictures_compose():
    jobs = FIG4.jobs("smoke")
    config = composed(jobs["mnist 20"])
    assert config["optimizer"]["_target_"] == "vaex.training.optimizers.adam"
    assert config["optimizer"]["eps"] == 1e-8
    assert config["model"]["kernel_scale"] == 0.05
    assert composed(jobs["freyfaces 2"])["latent_dim"] == 2


@dataclasses.dataclass
class Outcome:
    run: Path
    state: str = "finished"
    reason: str = ""


def written(folder, test, train):
    """A finished run with a look at each of the steps 100 and 200."""
    folder.mkdir()
    rows = [{"step": 50, "split": "train", "elbo": -9.0}]
    for step, held_out, seen in zip((100, 200), test, train, strict=True):
        rows += [{"step": step, "split": "train", "elbo": seen}]
        rows += [{"step": step, "split": "test", "elbo": held_out}]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metrics.jsonl").write_text(text)
    results = {"elbo": {"value": test[-1]}, "rate": {"value": 5.0}}
    (folder / "results.json").write_text(json.dumps(results))
    return Outcome(folder)


def test_a_sweep_is_read_from_its_runs(tmp_path, monkeypatch):
    seen = []

    def run_jobs(lines, root):
        seen.extend(lines)
        assert root == tmp_path / "runs"
        return [
            written(tmp_path / f"run{i}", [i, i + 0.5], [i + 1.0, i + 2.0])
            for i in range(len(lines))
        ]

    monkeypatch.setattr("vaex.cli._sweeping.run_jobs", run_jobs)
    found = FIG2.parts("smoke", tmp_path)["sweep"]()
    assert len(seen) == 27
    assert found["mnist 5"]["samples"] == [10_000, 20_000]
    assert found["mnist 5"]["test"] == [[3, 3.5], [4, 4.5], [5, 5.5]]
    assert found["mnist 5"]["train"] == [[4.0, 5.0], [5.0, 6.0], [6.0, 7.0]]
    units = 560 * (math.log(256) - math.log(255))  # level / 255 to level / 256
    assert found["freyfaces 2"]["test"][0] == pytest.approx([15 + units, 15.5 + units])


def test_a_run_without_results_ends_the_sweep(tmp_path, monkeypatch):
    outcome = Outcome(tmp_path, "diverged", "not finite at step 3")
    monkeypatch.setattr(
        "vaex.cli._sweeping.run_jobs", lambda lines, root: [outcome] * len(lines)
    )
    with pytest.raises(RunError, match="latent_dim=3 seed=0 is diverged: not finite"):
        FIG2.parts("smoke", tmp_path)["sweep"]()
    with pytest.raises(RunError, match="freyfaces 2 is diverged: not finite"):
        FIG4.parts("smoke", tmp_path)["models"]()


def test_mean_and_standard_error():
    mean, error = FIG2.mean(np.array([1.0, 2.0, 6.0]))
    assert mean == 3.0
    assert error == pytest.approx(math.sqrt(7.0) / math.sqrt(3.0))


def test_images_survive_their_text():
    images = np.linspace(-0.1, 1.1, 24).reshape(2, 3, 4)
    again = FIG4.unpacked(json.loads(json.dumps(FIG4.packed(images))))
    assert again.shape == (2, 3, 4)
    np.testing.assert_allclose(again, np.clip(images, 0, 1), atol=0.5 / 255 + 1e-9)


def test_nearest_neighbours_are_those_of_a_loop():
    generator = np.random.default_rng(0)
    x, images = generator.normal(size=(5, 7)), generator.normal(size=(20, 7))
    labels = np.arange(20) % 10
    loop = [labels[np.argmin([np.linalg.norm(a - b) for b in images])] for a in x]
    assert FIG4.nearest(x, images, labels) == loop


def test_a_manifold_and_samples_are_decoded(tmp_path, monkeypatch):
    decoded = []

    def decode(z):
        decoded.append(z)
        return np.full((len(z), 28, 28), 0.25)

    monkeypatch.setattr(FIG4.vaex, "load", lambda run: SimpleNamespace(decode=decode))
    monkeypatch.setattr(FIG4, "digits", lambda means: 3)
    found = FIG4.pictures(tmp_path, "mnist 2")
    assert [z.shape for z in decoded] == [(400, 2), (100, 2)]
    assert found["digits"] == 3
    assert FIG4.unpacked(found["manifold"]).shape == (400, 28, 28)
    assert FIG4.unpacked(found["samples"])[0, 0, 0] == pytest.approx(64 / 255)
