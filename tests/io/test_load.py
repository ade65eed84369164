"""A run read back is the run that was trained: same numbers, wherever it lies."""

import json
import math
import shutil

import numpy as np
import pytest

from tests.io.runs import write_data
from tests.training.toy import assert_same_bits
from vaex.cli._evaluate import Estimator, evaluate
from vaex.errors import InputError
from vaex.io import checkpoint
from vaex.io.load import load_run

# One run for all files that read it.
pytestmark = pytest.mark.xdist_group("runs read back")


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


def test_a_look_has_what_is_cheap_by_name_and_results_have_a_verdict(trained):
    run, results = load_run(trained[0]), trained[1]
    quick = Estimator.of(run.parts, run.config).quick(run.variables, 6)
    names = {"elbo", "distortion", "rate", "kl/z0", "kl/z1", "active_units"}
    assert quick.keys() == names
    assert quick["kl/z0"] + quick["kl/z1"] == pytest.approx(quick["rate"], rel=1e-6)
    assert results["rate_per_group"].keys() == {"z0", "z1"}
    entry = results["mutual_information"]
    assert (entry["num_examples"], entry["ceiling"]) == (6, math.log(6))
    whole = entry["value"] + results["marginal_kl"]["value"]
    assert whole == pytest.approx(results["rate"]["value"], rel=1e-6)
    assert results["shuffle_gap"]["unit"] == "nats/example"
    assert results["scale_at_floor"]["value"] == 0.0
    active = sum(nats >= 0.01 for nats in results["rate_per_group"].values())
    assert results["verdict"][0] == f"healthy: {active} of 2 dimensions active"


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


def set_status(run, **facts):
    status = json.loads((run / "status.json").read_text()) | facts
    (run / "status.json").write_text(json.dumps(status))


def test_the_newest_whole_checkpoint_counts_unless_the_results_are_of_another(moved):
    before = load_run(moved).state
    later = before._replace(step=before.step + 1)
    folder = moved / "checkpoints"
    (checkpoint.save(folder, 9, later) / "manifest.json").unlink()
    checkpoint.save(folder, 7, later)
    assert int(load_run(moved).state.step) == 6
    set_status(moved, state="running", checkpoint=None)
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
    file = next((moved / "checkpoints").glob("*/state/small/0"))
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    says = "is damaged: state/small/0 was changed"
    with (
        pytest.warns(UserWarning, match=f"{says}; the one before it is used"),
        pytest.raises(InputError, match=f"{says}, and no older one is whole"),
    ):
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
