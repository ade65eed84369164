"""Run directories: files whole or not there, records that outlive a crash."""

import json
import math
import os
from importlib.metadata import version

import numpy as np
import pytest

from vaex.errors import InputError
from vaex.io.atomic import write_json, write_text
from vaex.io.run_directory import RunDirectory

CONFIG = {"seed": 0, "trainer": {"steps": 4}}


@pytest.fixture
def run(tmp_path):
    """A run that has started."""
    directory = RunDirectory(tmp_path / "not" / "there" / "run")
    directory.start(CONFIG, {"backend": "cpu"})
    return directory


# Atomic writes.


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "a.txt"
    assert write_text(path, "one\n") == path
    write_text(path, "größer\n")
    assert path.read_text("utf-8") == "größer\n"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_write_that_fails_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = write_json(tmp_path / "a.json", {"x": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(path, {"x": 2})
    assert json.loads(path.read_text()) == {"x": 1}
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("value", [math.nan, math.inf, object()])
def test_what_is_no_json_is_refused_and_nothing_written(tmp_path, value):
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "a.json", {"x": value})
    assert not os.listdir(tmp_path)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "nowhere" / "a.txt", "x")


# Status.


def test_a_start(run):
    assert run.config() == CONFIG
    status = run.status()
    assert status["state"] == "running"
    assert status["attempt"] == 1
    assert status["backend"] == "cpu"
    assert status["pid"] == os.getpid()
    assert status["started"] == status["updated"]
    assert status["versions"]["numpy"] == np.__version__
    assert run.results() is None
    assert run.metrics() == []
    assert RunDirectory.open(run.path) == run


def test_states_keep_what_is_known(run):
    run.set_status("finished")
    status = run.status()
    assert status["state"] == "finished"
    assert status["backend"] == "cpu"


def test_a_failure(run):
    run.fail("diverged", "not finite at step 3", "details\n")
    assert run.status()["state"] == "diverged"
    assert run.status()["reason"] == "not finite at step 3"
    assert (run.path / "error.txt").read_text() == "details\n"


def test_another_attempt_forgets_the_first_but_counts_it(run):
    run.append_metrics([{"step": 1}])
    run.write_results({"elbo": 1})
    run.fail("failed", "no reason", "details\n")
    run.start(CONFIG, {})
    status = run.status()
    assert (status["state"], status["attempt"]) == ("running", 2)
    assert "reason" not in status
    assert "backend" not in status
    assert {path.name for path in run.path.iterdir()} == {"config.json", "status.json"}


def test_code_that_has_changed_is_named(run):
    assert run.changed_code() == []
    versions = run.status()["versions"] | {"jax": "0.1", "gone": "2.0"}
    run.set_status("finished", versions=versions, revision="0" * 12)
    jax, gone, revision = run.changed_code()
    assert jax == f"jax 0.1, here it is {version('jax')}"
    assert gone == "gone 2.0, here it is None"
    assert revision.startswith("revision 000000000000, here it is ")


def test_what_is_no_run(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere", str(tmp_path)):
        with pytest.raises(
            InputError, match="is not a run directory: it holds no conf"
        ):
            RunDirectory.open(path)


@pytest.mark.parametrize("name", ["", "/run"])
def test_a_file_in_the_way(tmp_path, name):
    (tmp_path / "file").write_text("mine")
    directory = RunDirectory(tmp_path / f"file{name}")
    with pytest.raises(InputError, match="cannot write the run directory") as caught:
        directory.start(CONFIG, {})
    assert "choose another place with run.root=FOLDER" in str(caught.value)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="Permission denied"):
            RunDirectory(tmp_path / "run").start(CONFIG, {})
    finally:
        tmp_path.chmod(0o700)


# Metrics.


def test_metrics_come_back_as_they_were_appended(run):
    rows = [{"step": i, "epoch": i / 3, "elbo": -1.5 * i} for i in range(5)]
    run.append_metrics(rows[:2])
    run.append_metrics([])
    run.append_metrics(rows[2:])
    assert run.metrics() == rows
    assert len((run.path / "metrics.jsonl").read_text().splitlines()) == 5


def test_numbers_that_are_not_finite_become_null(run):
    values = {"a": math.nan, "b": math.inf, "c": -math.inf, "d": np.float64("nan")}
    run.append_metrics([values | {"e": 1.0}])
    assert run.metrics() == [dict.fromkeys("abcd") | {"e": 1.0}]


@pytest.mark.parametrize("kept", range(1, 12))
def test_a_last_line_cut_short_is_left_out(run, kept):
    run.append_metrics([{"step": 1}, {"step": 2}])
    path = run.path / "metrics.jsonl"
    path.write_bytes(path.read_bytes() + b'{"step": 3}\n'[:kept])
    assert run.metrics() == [{"step": 1}, {"step": 2}]


def test_a_last_line_cut_inside_a_letter_is_left_out(run):
    run.append_metrics([{"step": 1}])
    path = run.path / "metrics.jsonl"
    path.write_bytes(path.read_bytes() + '{"note": "ü'.encode()[:-1])
    assert run.metrics() == [{"step": 1}]


@pytest.mark.parametrize("line", [b'{"step": \n', b"\xff\xfe\n", b"3\n", b"\n"])
def test_a_damaged_line_is_named(run, line):
    run.append_metrics([{"step": 1}])
    path = run.path / "metrics.jsonl"
    path.write_bytes(path.read_bytes() + line + b'{"step": 3}\n')
    with pytest.raises(InputError) as caught:
        run.metrics()
    assert str(caught.value).startswith(f"{path}, line 2, is damaged (")


# Damage.


@pytest.mark.parametrize("name", ["config", "status", "results"])
@pytest.mark.parametrize("content", [b"", b'{"seed": ', b"\xff", b"[]", b"[1]", b"3"])
def test_damaged_json(run, name, content):
    run.write_results({})
    path = run.path / f"{name}.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        getattr(run, name)()
    assert str(caught.value).startswith(f"{path} is damaged (")
    assert "move the run directory aside" in str(caught.value)
    assert path.read_bytes() == content
