"""Which jobs a folder stands for, and how far they are."""

import json
import os
import shutil

import pytest
from filelock import FileLock

from tests.sweeps.made_up import configuration, write_grid, write_run
from vaex.errors import InputError
from vaex.io.sweep_record import SweepRecord
from vaex.sweeps.collection import collect
from vaex.sweeps.job import Job
from vaex.sweeps.job_state import is_held, state_of


def test_the_only_sweep_of_a_root(tmp_path, monkeypatch):
    write_grid(tmp_path / "runs")
    (sweep,) = (tmp_path / "runs" / "sweeps").iterdir()
    for folder in (sweep, tmp_path / "runs", tmp_path):
        found = collect(folder)
        assert found.path == sweep
        assert len(found.jobs) == 18
        assert found.jobs[5].number == 5
        assert found.line[-1] == "trainer.steps=20"
        assert found.hints == ()
    monkeypatch.chdir(tmp_path)
    assert len(collect("runs").jobs) == 18


def test_runs_without_a_record(tmp_path):
    write_grid(tmp_path / "runs", record=False)
    write_run(tmp_path / "runs" / "deep" / "er" / "run", configuration(seed=9))
    shutil.copytree(
        tmp_path / "runs" / "digits-gaussian-000",
        tmp_path / "runs" / "digits-gaussian-000.1",  # run.fresh moved it aside
    )
    for folder in (tmp_path, tmp_path / "runs"):
        found = collect(folder)
        assert len(found.jobs) == 19
        assert found.line is None
        assert found.jobs[0].number is None


def test_of_several_sweeps_none_is_chosen(tmp_path):
    write_grid(tmp_path)
    write_run(tmp_path / "other", configuration(seed=7))
    other = SweepRecord.of(tmp_path, ["seed=7,8"])
    other.write(
        ["seed=7,8"], [{"number": 0, "overrides": ["seed=7"], "run": "../../other"}]
    )
    found = collect(tmp_path)
    assert len(found.jobs) == 19
    (hint,) = found.hints
    assert f"\n  {other.path}" in hint
    assert len(collect(other.path).jobs) == 1


def test_jobs_that_share_a_run(tmp_path):
    run = write_run(tmp_path / "a", configuration())
    record = SweepRecord.of(tmp_path, ["seed=0,0"])
    jobs = [{"number": n, "overrides": ["seed=0"], "run": str(run)} for n in (0, 1)]
    record.write(["seed=0,0"], jobs)
    found = collect(record.path)
    assert (len(found.jobs), len(found.runs)) == (2, 1)
    assert found.hints == ("1 of 2 jobs are the same run as another one",)


def test_folders_without_runs(tmp_path):
    with pytest.raises(InputError, match="holds no sweep and no run: there is neither"):
        collect(tmp_path)
    with pytest.raises(InputError, match="it does not exist"):
        collect(tmp_path / "nowhere")
    run = write_run(tmp_path / "a", configuration())
    with pytest.raises(InputError, match="is a single run; give the folder of its"):
        collect(run)
    record = SweepRecord.of(tmp_path, ["seed=0"])
    record.write(["seed=0"], [])
    with pytest.raises(InputError, match="lists no jobs"):
        collect(record.path)


# States.


@pytest.mark.parametrize("state", ["failed", "diverged", "skipped", "pruned"])
def test_an_end_with_a_reason(tmp_path, state):
    run = write_run(tmp_path / "a", configuration(), state=state, reason="because")
    found = state_of(Job(run))
    assert (found.name, found.reason) == (state, "because")
    assert (found.step, found.steps) == (12, 20)


def test_a_finished_run(tmp_path):
    found = state_of(Job(write_run(tmp_path / "a", configuration(), elbo=-91.5)))
    assert found == ("finished", "", 20, 20, -91.5, 3.5)


def test_a_running_one_is_one_whose_lock_is_held(tmp_path):
    run = write_run(tmp_path / "a", configuration(), state="running", elbo=-80.0)
    assert state_of(Job(run)).name == "stale"
    assert not (run / ".lock").exists()
    with FileLock(run / ".lock"):
        found = state_of(Job(run))
        assert is_held(run)
    assert found.name == "running"
    assert (found.step, found.steps) == (12, 20)
    assert found.elbo == -80.0 - 20 / 12
    assert found.seconds > 0
    assert not is_held(run)
    assert state_of(Job(run)).name == "stale"


def test_steps_of_a_run_by_epochs(tmp_path):
    config = configuration(trainer={"steps": None, "epochs": 40})
    run = write_run(tmp_path / "a", config, state="interrupted")
    assert state_of(Job(run)).steps == 40  # a step an epoch


def test_a_job_that_has_not_begun(tmp_path):
    assert state_of(Job(tmp_path / "a", 3, ("seed=1",))).name == "not started"
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["config.json", "status.json", "results.json"])
def test_a_damaged_run_does_not_hide_the_others(tmp_path, name):
    run = write_run(tmp_path / "a", configuration())
    (run / name).write_text("{")
    found = state_of(Job(run))
    assert found.name == "damaged"
    assert f"{name} is damaged" in found.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read(tmp_path):
    run = write_run(tmp_path / "a", configuration())
    (run / "results.json").chmod(0)
    assert "cannot be read" in state_of(Job(run)).reason


def test_overrides_of_hydra(tmp_path):
    run = write_run(tmp_path / "a", configuration(), words=["seed=1", "'a=[1, 2]'"])
    assert Job(run).overrides == ("seed=1", "a=[1, 2]")
    (run / ".hydra" / "overrides.yaml").write_text("[")
    assert Job(run).overrides == ()
    assert Job(run, 0, ("x=1",)).overrides == ("x=1",)
    assert json.loads((run / "config.json").read_text())["seed"] == 0
