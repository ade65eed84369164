"""Runs that stop and go on: same bits, nothing lost, nothing twice."""

import json
import os
import signal

import jax
import numpy as np
import pytest

from tests.cli.commands import only_run, read
from vaex.cli import _training
from vaex.io import checkpoint
from vaex.io.load import load_run
from vaex.io.lock import locked

LINE = (
    "trainer.steps=24",
    "trainer.evaluate_every=1",
    "trainer.log_every=5",
    "trainer.keep_best=true",
    "checkpoint.every_steps=4",
    "checkpoint.keep=3",
)


def outcome(run):
    """All that must be the same: the state's bits, the log's bytes, the results."""
    state = load_run(run).state
    state = state._replace(key=jax.random.key_data(state.key))
    results = read(run / "results.json")
    for name in ("seconds", "examples_per_second"):
        del results["training"][name]
    bits = [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(state)]
    return bits, (run / "metrics.jsonl").read_bytes(), results


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory):
    """The outcome of a run that was left alone."""
    root = tmp_path_factory.mktemp("whole")
    answer = train(root, *LINE)
    assert (answer.code, answer.err) == (0, "")
    return outcome(only_run(root))


@pytest.fixture(autouse=True)
def one_revision(monkeypatch):
    """Whatever is committed to the checkout while the tests run."""
    monkeypatch.setattr("vaex.io.run_directory._revision", lambda: "0123456789ab")


@pytest.fixture
def stopped(train, tmp_path, monkeypatch):
    """Trains until step 10 is done, where something happens; answer and run."""

    def run(happens, *words):
        true = _training.iterate

        def iterate(*arguments, **options):
            for chunk in true(*arguments, **options):
                if chunk.step >= 10:
                    happens()
                yield chunk

        with monkeypatch.context() as patch:
            patch.setattr(_training, "iterate", iterate)
            patch.setattr("vaex.training.loop.MAX_CHUNK", 2)
            answer = train(tmp_path, *LINE, *words)
        return answer, only_run(tmp_path)

    return run


def power_cut():
    raise MemoryError("as good as SIGKILL: nothing is saved")


def flip(path):
    """Changes one bit in the middle of the largest file."""
    file = max(
        (p for p in path.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    )
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    "name", ["SIGTERM", pytest.param("SIGINT", marks=pytest.mark.slow)]
)
def test_a_signal_saves_first(train, stopped, whole, tmp_path, name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    answer, run = stopped(lambda: signal.getsignal(number)(number, None))
    assert answer.code == 128 + number
    assert answer.err.startswith(
        "\nvaex: interrupted; saved at step 10 of 24; the same "
    )
    assert read(run / "status.json")["state"] == "interrupted"
    assert signal.getsignal(number) is before

    code, out, err = train(tmp_path, *LINE)
    assert (code, err) == (0, "")
    assert "an unfinished run was here; it goes on from step 10" in out
    status = read(run / "status.json")
    assert [attempt["step"] for attempt in status["attempts"]] == [0, 10]
    assert outcome(run) == whole


@pytest.mark.slow
def test_a_second_signal_stops_at_once(stopped):
    def twice():
        for _ in range(2):
            signal.getsignal(signal.SIGINT)(signal.SIGINT, None)

    answer, run = stopped(twice)
    assert answer.code == 130
    assert "goes on from the newest checkpoint" in answer.err
    assert [int(p.name) for p in checkpoint.complete(run / "checkpoints")] == [8, 4]


@pytest.mark.slow
def test_a_sudden_end_loses_the_steps_since_the_checkpoint_only(
    train, stopped, whole, tmp_path
):
    answer, run = stopped(power_cut)
    assert answer.code == 1
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 10, "torn')
    (run / "checkpoints" / ".12.1.part").mkdir()
    code, out, _ = train(tmp_path, *LINE)
    assert code == 0
    assert "it goes on from step 8" in out
    assert outcome(run) == whole
    kept = sorted(path.name for path in (run / "checkpoints").iterdir())
    assert kept == sorted({"16", "20", "24", str(whole[2]["training"]["checkpoint"])})


@pytest.mark.slow
@pytest.mark.parametrize("damaged", [1, 2])
def test_a_damaged_checkpoint_is_passed_over(train, stopped, whole, tmp_path, damaged):
    _, run = stopped(power_cut)
    for path in checkpoint.complete(run / "checkpoints")[:damaged]:
        flip(path)
    code, out, _ = train(tmp_path, *LINE)
    assert code == 0
    assert out.count("is damaged: ") == damaged
    assert f"it goes on from step {[4, 0][damaged - 1]}" in out
    assert outcome(run) == whole


@pytest.mark.slow
def test_a_failed_evaluation_does_not_train_again(
    train, stopped, whole, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr("vaex.cli._run.evaluate", lambda *a, **k: power_cut())
        assert train(tmp_path, *LINE).code == 1
    monkeypatch.setattr(_training, "iterate", lambda *a, **k: power_cut())
    code, out, _ = train(tmp_path, *LINE)
    assert code == 0
    assert "it goes on from step 24" in out
    assert outcome(only_run(tmp_path)) == whole


@pytest.mark.slow
def test_the_last_short_row_is_not_lost(train, tmp_path, monkeypatch):
    line = (*LINE[0:1], "trainer.evaluate_every=0", "trainer.log_every=5")
    with monkeypatch.context() as patch:
        patch.setattr("vaex.cli._run.evaluate", lambda *a, **k: power_cut())
        assert train(tmp_path, *line).code == 1
    assert train(tmp_path, *line).code == 0
    rows = (only_run(tmp_path) / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [5, 10, 15, 20, 24]


@pytest.mark.slow
def test_patience_is_remembered(train, stopped, tmp_path, monkeypatch):
    # No estimate ever improves on the first by so much.
    line = ("trainer.min_delta=1e6", "trainer.patience=1")
    _, run = stopped(power_cut, *line)
    monkeypatch.setattr("vaex.training.loop.MAX_CHUNK", 2)
    code, out, _ = train(tmp_path, *LINE, *line)
    assert code == 0
    assert "stopped at step 22 of 24: no estimate improved on that of step 11" in out
    assert "the state of step 11 is kept, the best" in out
    assert read(run / "results.json")["training"]["checkpoint"] == 11
    assert load_run(run).state.step == 11


@pytest.mark.slow
def test_a_full_disk_fails_the_save_and_not_the_run(
    train, whole, tmp_path, monkeypatch
):
    true = checkpoint.save

    def save(folder, step, *arguments, **options):
        if step < 12:
            raise OSError(28, "No space left on device")
        return true(folder, step, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save)
        patch.setattr("vaex.training.loop.MAX_CHUNK", 2)
        code, out, _ = train(tmp_path, *LINE)
    assert code == 0
    assert "warning: a checkpoint could not be saved: OSError: [Errno 28] No spa" in out
    assert outcome(only_run(tmp_path)) == whole


@pytest.mark.slow
def test_a_disk_that_stays_full_ends_the_run_with_what_was_saved(
    train, whole, tmp_path, monkeypatch
):
    true = checkpoint.save

    def save(folder, step, *arguments, **options):
        if step > 12:
            raise OSError(28, "No space left on device")
        return true(folder, step, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save)
        patch.setattr("vaex.training.loop.MAX_CHUNK", 2)
        code, _, err = train(tmp_path, *LINE)
    assert code == 1
    assert "the checkpoint could not be saved: OSError: [Errno 28]" in err
    assert "make room and run the same line again" in err
    status = read(only_run(tmp_path) / "status.json")
    assert status["state"] == "interrupted"
    assert "No space left on device" in status["reason"]
    code, out, _ = train(tmp_path, *LINE)
    assert code == 0
    assert "it goes on from step 12" in out
    assert outcome(only_run(tmp_path)) == whole


@pytest.mark.slow
def test_another_process_is_refused(train, stopped, tmp_path):
    _, run = stopped(power_cut)
    before = read(run / "status.json")
    with locked(run):
        code, _, err = train(tmp_path, *LINE)
    assert code == 2
    assert err.startswith(f"vaex: {run} is in use by process {os.getpid()} on ")
    assert read(run / "status.json") == before


def test_other_settings_and_data_are_refused(train, finished, table_file):
    folder = f"hydra.run.dir={finished.path}"
    code, _, err = train(finished.root, folder, "seed=3", "latent_dim=4")
    assert code == 2
    assert "holds another run: latent_dim was 3, is 4; " in err
    assert "seed was 0, is 3" in err
    code, _, err = train(finished.root, folder, "data.seed=1")
    assert code == 2
    assert "holds another run: the data's checksum was " in err


@pytest.mark.slow
def test_other_code_is_refused_unless_accepted(train, stopped, tmp_path):
    _, run = stopped(power_cut)
    status = read(run / "status.json")
    status["versions"]["jax"] = "0.0.1"
    (run / "status.json").write_text(json.dumps(status))
    code, _, err = train(tmp_path, *LINE)
    assert code == 2
    assert "was begun with other code: jax 0.0.1, here it is " in err
    assert "run.accept_changes=true" in err
    assert checkpoint.complete(run / "checkpoints")
    code, out, _ = train(tmp_path, *LINE, "run.accept_changes=true")
    assert code == 0
    assert "it goes on from step 8" in out


def test_how_often_to_save_is_no_part_of_the_run(composed):
    from vaex.cli._configuration import run_name

    assert run_name(composed("checkpoint.keep=9")) == run_name(composed())


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            "checkpoint.every_steps=0",
            "checkpoint.every_steps must be at least 1, got 0",
        ),
        ("checkpoint.every_minutes=0", "checkpoint.every_minutes must be above 0"),
        ("checkpoint.keep=0", "checkpoint.keep must be at least 1, got 0"),
    ],
)
def test_bad_values(refused_values, value, says):
    assert says in refused_values(value)
