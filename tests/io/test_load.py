"""A run read back is the run that was trained: same numbers, wherever it lies."""

import json
import shutil

import numpy as np
import pytest

from tests.training.toy import assert_same_bits
from vaex.cli._evaluate import Estimator, evaluate
from vaex.cli._run import train
from vaex.errors import InputError
from vaex.io import checkpoint
from vaex.io.load import load_run


def configuration(data):
    """A whole configuration, as `config.json` holds it."""
    mlp = {"hidden": [8], "activation": "jax.nn.tanh"}
    return {
        "seed": 3,
        "latent_dim": 2,
        "data": {"_target_": "vaex.data.array.ArrayFile", "path": str(data)},
        "preparation": {"_target_": "vaex.preparations.standardize.Standardize"},
        "model": {"_target_": "vaex.models.vae.VAE", "closed_form_kl": "auto"},
        "encoder": {"_target_": "vaex.nn.mlp.MLPEncoder", **mlp},
        "decoder": {"_target_": "vaex.nn.mlp.MLPDecoder", **mlp},
        "posterior": {
            "_target_": "vaex.posteriors.diagonal_gaussian.DiagonalGaussian",
            "latent_dim": 2,
        },
        "prior": {
            "_target_": "vaex.priors.standard_gaussian.StandardGaussian",
            "latent_dim": 2,
        },
        "likelihood": {
            "_target_": "vaex.likelihoods.shared_scale_gaussian.SharedScaleGaussian"
        },
        "objective": {
            "_target_": "vaex.objectives.evidence_lower_bound.elbo",
            "_partial_": True,
            "beta": 0.5,
        },
        "optimizer": {
            "_target_": "vaex.training.optimizers.adam",
            "_partial_": True,
            "learning_rate": 0.01,
        },
        "trainer": {"epochs": 2, "batch_size": 16},
        "evaluation": {"num_samples": 6, "samples_per_chunk": 4, "block_size": 16},
        "run": {"root": "runs", "fresh": False, "figures": False},
    }


def write_data(path, seed=0):
    values = np.random.default_rng(seed).normal(3.0, 2.0, size=(60, 4))
    np.save(path, values.astype(np.float32))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a finished run, its data beside it, and its results."""
    folder = tmp_path_factory.mktemp("trained")
    write_data(folder / "X.npy")
    run = folder / "run"
    results = train(configuration(folder / "X.npy"), run)
    return run, results


def evaluated(path):
    run = load_run(path)
    return evaluate(run, Estimator.of(run.parts, run.config), "test")


@pytest.fixture
def moved(trained, tmp_path):
    """A copy of the run in another place."""
    return shutil.copytree(trained[0], tmp_path / "elsewhere" / "another name")


@pytest.mark.parametrize("where", ["trained", "moved"])
def test_the_evaluation_is_the_one_of_the_run_that_was_trained(
    where, trained, request, tmp_path, monkeypatch
):
    path = trained[0] if where == "trained" else request.getfixturevalue("moved")
    monkeypatch.chdir(tmp_path)
    found = evaluated(path)
    expected = json.loads((trained[0] / "results.json").read_text())
    training = expected.pop("training")
    assert found == expected
    assert training["steps"] == 2 * (54 // 16)
    assert found["nll"]["value"] is not None


def test_the_state_is_the_one_that_was_saved(trained):
    run = load_run(trained[0])
    assert int(run.state.step) == 6
    assert float(run.state.hparams["objective.beta"]) == 0.5
    assert float(run.state.hparams["optimizer.learning_rate"]) == np.float32(0.01)
    saved = checkpoint.restore(checkpoint.latest(trained[0] / "checkpoints"), run.state)
    assert_same_bits(run.state, saved)
    assert run.variables["params"].keys() == {
        "encoder",
        "posterior",
        "decoder",
        "likelihood",
    }


def test_the_newest_whole_checkpoint_counts(moved):
    before = load_run(moved).state
    later = before._replace(step=before.step + 1)
    folder = moved / "checkpoints"
    (checkpoint.save(folder, 9, later) / "manifest.json").unlink()
    assert int(load_run(moved).state.step) == 6
    checkpoint.save(folder, 7, later)
    assert int(load_run(moved).state.step) == 7


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a run directory: it holds no config"):
        load_run(tmp_path)
    with pytest.raises(InputError, match="is not a run directory"):
        load_run(tmp_path / "nothing")


def test_a_run_without_a_checkpoint_says_how_far_it_got(moved):
    shutil.rmtree(moved / "checkpoints")
    with pytest.raises(InputError, match="no checkpoint .its state is 'finished'"):
        load_run(moved)


def test_a_damaged_checkpoint_is_refused(moved):
    file = next((moved / "checkpoints").glob("*/state/d/*"))
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    with pytest.raises(InputError, match=f"is damaged: state/d/{file.name} was chan"):
        load_run(moved)


def test_a_configuration_that_no_longer_fits_is_refused(moved):
    config = json.loads((moved / "config.json").read_text())
    config["encoder"]["hidden"] = [9]
    (moved / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        InputError, match="does not fit the model in .* places"
    ) as error:
        load_run(moved)
    assert "\n" not in str(error.value)


def test_other_data_are_refused(moved, tmp_path):
    write_data(tmp_path / "X.npy", seed=1)
    config = json.loads((moved / "config.json").read_text())
    config["data"]["path"] = str(tmp_path / "X.npy")
    (moved / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        InputError, match="was trained on other data than the X found now"
    ):
        load_run(moved)
    write_data(tmp_path / "X.npy")  # the same values in another place are the same
    assert int(load_run(moved).state.step) == 6
