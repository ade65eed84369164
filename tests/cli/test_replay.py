"""`vaex replay RUN --step N`, and the record that a diverged run leaves."""

import json
import shutil

import jax
import numpy as np
import pytest

from tests.cli.commands import only_run
from vaex.cli._divergence import FILE, FOLDER, record_divergence
from vaex.io import checkpoint
from vaex.io.parts import assemble
from vaex.io.run_directory import RunDirectory
from vaex.training.config import TrainConfig
from vaex.training.loop import Diverged, initial_state, iterate
from vaex.training.order import BatchOrder

FAST = (
    "optimizer.learning_rate=1e30",
    "trainer.max_skipped=0",
    "trainer.evaluate_every=0",
    "data=array",
)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--step must be given, as {run} did not diverge: one from 0 to 3"),
        (("--step", "4"), "--step must lie between 0 and 3, got 4: steps count from 0"),
        (("--step", "-1"), "--step must lie between 0 and 3, got -1: steps count from"),
    ],
)
def test_a_step_that_the_run_does_not_have(vaex, finished, words, message):
    code, out, err = vaex("replay", str(finished.path), *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"vaex: {message.format(run=finished.path)}")


def test_what_is_no_run(vaex, tmp_path):
    code, _, err = vaex("replay", str(tmp_path), "--step", "1")
    assert code == 2
    assert "is not a run directory" in err


def test_other_data_are_refused(vaex, finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "run")
    run = RunDirectory(tmp_path / "run")
    run.set_status("finished", data={"name": "digits", "checksum": "0" * 64})
    code, _, err = vaex("replay", str(run.path), "--step", "1")
    assert code == 2
    assert "was trained on other data than the digits found now" in err


@pytest.mark.slow
def test_a_step_of_a_finished_run_is_finite(vaex, finished):
    """From step 0, or from a state saved on the way."""
    code, out, err = vaex("replay", str(finished.path), "--step", "2")
    assert (code, err) == (0, "")
    assert "no state was saved so early: from step 0" in out
    assert "step 2 in float32: everything is finite" in out
    found = json.loads((finished.path / "replay-2.json").read_text())
    assert found["first"] is None
    _, order = rebuilt(finished.path)
    np.testing.assert_array_equal(found["indices"], order.indices(2, 1)[0])


@pytest.mark.slow
def test_from_a_checkpoint_it_is_the_step_that_it_is_from_the_start(
    vaex, train, tmp_path, table_file
):
    """The range of every quantity of the step, bit for bit."""
    saving = ("checkpoint.every_steps=2", "checkpoint.keep=9")
    code, _, err = train(tmp_path, "data=array", f"data.path={table_file}", *saving)
    assert (code, err) == (0, "")
    run, found = RunDirectory(only_run(tmp_path)), []
    for source in (f"state of step 2 from {run.checkpoints / '2'}", "from step 0"):
        code, out, err = vaex("replay", str(run.path), "--step", "3")
        assert (code, err) == (0, "")
        assert source in out
        found.append((run.path / "replay-3.json").read_text())
        shutil.rmtree(run.checkpoints, ignore_errors=True)
    assert found[0] == found[1]


def rebuilt(path):
    """The run's parts, and the order of its batches."""
    config = RunDirectory(path).config()
    parts, trainer = assemble(config), TrainConfig(**config["trainer"])
    size = len(parts.dataset.splits["train"]["x"])
    return parts, BatchOrder(config["seed"], size, trainer.batch_size_for(size))


def diverged(path):
    """The run's parts, order, and what its loop raises."""
    parts, order = rebuilt(path)
    data = jax.device_put(dict(parts.dataset.splits["train"]))
    state = initial_state(parts.experiment, data, order)
    with pytest.raises(Diverged) as error:
        list(iterate(parts.experiment, data, order, state, num_steps=4))
    return parts, order, error.value


@pytest.mark.slow
def test_a_diverged_run_is_recorded_and_replayed(vaex, train, tmp_path, table_file):
    code, _, err = train(tmp_path, *FAST, f"data.path={table_file}")
    assert code == 1
    run = RunDirectory(only_run(tmp_path))
    assert run.status()["state"] == "diverged"
    parts, order, error = diverged(run.path)
    assert f"not finite at step {error.step}" in err
    shutil.rmtree(run.path / FOLDER, ignore_errors=True)
    text = record_divergence(run, parts, order, error)
    assert text.startswith(str(error))
    assert f"step {error.step} in float32: the first quantity that is not" in text
    assert "try: a lower optimizer.learning_rate (now 1e+30)" in text
    assert (run.path / "error.txt").read_text().startswith(text)
    assert run.status()["reason"] == str(error)
    found = json.loads((run.path / FILE).read_text())
    assert found["step"] == error.step > 0
    assert found["first"] in text
    assert found["float32"]["quantities"]
    kept = checkpoint.latest(run.path / FOLDER)
    assert kept is not None
    assert kept.name == str(error.step)

    code, out, err = vaex("replay", str(run.path))
    assert (code, err) == (0, "")
    assert f"state of step {error.step} from {kept}" in out
    again = json.loads((run.path / f"replay-{error.step}.json").read_text())
    assert again == {k: v for k, v in found.items() if k != "skipped"}
    code, _, err = vaex("replay", str(run.path), "--step", str(error.step + 1))
    assert code == 2
    assert f"the run diverged at step {error.step}" in err

    shutil.rmtree(run.path / FOLDER)  # as if it had never been saved
    code, out, err = vaex("replay", str(run.path), "--step", str(error.step))
    assert (code, err) == (0, "")
    assert "no state was saved so early: from step 0" in out
    again = json.loads((run.path / f"replay-{error.step}.json").read_text())
    assert again["float32"] == found["float32"]


@pytest.mark.slow
def test_a_step_that_cannot_be_examined_is_recorded_all_the_same(
    train, tmp_path, table_file, monkeypatch
):
    train(tmp_path, *FAST, f"data.path={table_file}")
    run = RunDirectory(only_run(tmp_path))
    parts, order, error = diverged(run.path)

    def fail(*_, **__):
        raise MemoryError("out of memory")

    monkeypatch.setattr("vaex.cli._divergence.examine", fail)
    monkeypatch.setattr("vaex.cli._divergence.checkpoint.save", fail)
    text = record_divergence(run, parts, order, error)
    assert "could not be examined: MemoryError('out of memory')" in text
    assert "its state could not be saved: out of memory" in text
    found = json.loads((run.path / FILE).read_text())
    assert found["problem"] == "MemoryError('out of memory')"
    assert run.status()["state"] == "diverged"
