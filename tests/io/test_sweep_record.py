"""The record of a sweep: whole, merged batch by batch, and named after its line."""

import json
import os
from pathlib import Path

import pytest

from vaex.errors import InputError
from vaex.io.sweep_record import SweepJob, SweepRecord, sweep_name

LINE = ["objective.beta=1,4", "seed=0,1"]


def job(number, run="../../a", **extra):
    return {"number": number, "overrides": [f"seed={number}"], "run": run, **extra}


@pytest.fixture
def record(tmp_path):
    return SweepRecord.of(tmp_path / "runs", LINE)


def test_a_record_comes_back(record, tmp_path):
    path = record.write(LINE, [job(0), job(1, tmp_path / "runs" / "b")], launcher="x")
    assert path == record.path / "sweep.json"
    assert os.listdir(record.path) == ["sweep.json"]
    assert record.line() == LINE
    assert record.read()["launcher"] == "x"
    assert json.loads(path.read_text())["jobs"][1]["run"] == "../../b"
    assert record.jobs() == [
        SweepJob(0, ("seed=0",), tmp_path / "runs" / "a"),
        SweepJob(1, ("seed=1",), tmp_path / "runs" / "b"),
    ]


def test_the_root_may_move_with_its_runs(record, tmp_path):
    record.write(LINE, [job(0, tmp_path / "runs" / "a")])
    (tmp_path / "runs").rename(tmp_path / "moved")
    there = SweepRecord(tmp_path / "moved" / record.path.relative_to(tmp_path / "runs"))
    assert there.jobs()[0].run == tmp_path / "moved" / "a"


def test_a_root_behind_a_link(tmp_path):
    (tmp_path / "disk" / "far").mkdir(parents=True)
    (tmp_path / "runs").symlink_to(tmp_path / "disk" / "far")
    record = SweepRecord.of(tmp_path / "runs", LINE)
    record.write(LINE, [job(0, tmp_path / "runs" / "a")])
    assert record.jobs()[0].run == tmp_path / "disk" / "far" / "a"


def test_a_relative_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = SweepRecord.of("runs", LINE)
    record.write(LINE, [job(0, Path("runs/a").resolve())])
    assert record.jobs()[0].run == tmp_path / "runs" / "a"


def test_later_batches_add_jobs_and_replace_those_of_their_numbers(record):
    record.write(LINE, [job(0), job(2)], launcher="x", batch=1)
    record.write(LINE, [job(2, "../../c"), job(1)], batch=2)
    assert [(j.number, j.run.name) for j in record.jobs()] == [
        (0, "a"),
        (1, "a"),
        (2, "c"),
    ]
    found = record.read()
    assert (found["launcher"], found["batch"]) == ("x", 2)


def test_a_record_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="is no sweep's folder: it holds no sweep"):
        SweepRecord(tmp_path).read()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"3",
        b'{"line": []}',
        b'{"line": "a", "jobs": []}',
        b'{"line": [], "jobs": [3]}',
        b'{"line": [], "jobs": [{"number": 0, "overrides": []}]}',
        b'{"line": [], "jobs": [{"number": "0", "overrides": [], "run": "a"}]}',
        b'{"line": [], "jobs": [{"number": 0, "overrides": "a", "run": "a"}]}',
    ],
)
def test_a_damaged_record(record, content):
    record.path.mkdir(parents=True)
    record.file.write_bytes(content)
    for use in (record.read, record.jobs, lambda: record.write(LINE, [job(0)])):
        with pytest.raises(InputError) as caught:
            use()
        assert str(caught.value).startswith(f"{record.file} is damaged (")
    assert record.file.read_bytes() == content


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="choose another place with run.root=FOLDER"):
        SweepRecord.of(tmp_path / "file", LINE).write(LINE, [job(0)])


def test_order_and_run_only_words_do_not_name_a_sweep():
    name = sweep_name(LINE)
    assert name.startswith("beta-seed-")
    others = ["run.root=x", "hydra/launcher=basic", "hydra.sweeper.n_trials=9"]
    others += ["tracking=tensorboard", "+tracking.a=1", "checkpoint.keep=3", "-m"]
    others += ["trainer.devices=2", "distributed.auto=true"]
    assert sweep_name([*others, *reversed(LINE)]) == name


@pytest.mark.parametrize(
    "line",
    [
        ["objective.beta=1,4", "seed=0,2"],
        ["objective.beta=1,4"],
        [*LINE, "trainer.steps=3"],
        [*LINE, "+seed=0,1"],
        [*LINE, "runs=3"],
    ],
)
def test_other_words_name_another_sweep(line):
    assert sweep_name(line) != sweep_name(LINE)


def test_of_words_for_one_key_the_last_one_counts():
    assert sweep_name(["seed=0", "seed=1"]) != sweep_name(["seed=1", "seed=0"])


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("likelihood=glob(b*)", "likelihood-"),
        ("seed=range(8)", "seed-"),
        ("+optimizer.b1=0.8,0.9", "b1-"),
        ("optimizer/schedule=cosine,none", "schedule-"),
        ("encoder.hidden=[1,2],[3]", "hidden-"),
        ("encoder.hidden=[1,2]", ""),
        ("data.columns='a,b'", ""),
        ("seed=1", ""),
    ],
)
def test_the_name_shows_what_is_swept(word, shown):
    assert sweep_name([word])[:-10] == shown
