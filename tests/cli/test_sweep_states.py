"""What a sweep does with jobs that were begun before, and what it says of them."""

import json
from pathlib import Path

import pytest

from vaex.cli._jobs import Job
from vaex.cli._sweeping import conclude
from vaex.cli._taking import is_open
from vaex.io import checkpoint
from vaex.io.lock import locked
from vaex.io.run_directory import RunDirectory

RESULTS = {"elbo": {"value": -3.5}}


def job_in(folder: Path, state: str = "", *, retry: bool = False, **facts) -> Job:
    job = Job(0, ("seed=0",), {"run": {"retry": retry, "fresh": False}}, folder)
    if state:
        folder.mkdir(exist_ok=True)
        job.directory.set_status(state, **facts)
    return job


@pytest.mark.parametrize("state", ["", "running", "interrupted", "skipped"])
def test_what_is_new_or_left_is_taken_up(tmp_path, state):
    job = job_in(tmp_path / "run", state)
    assert is_open(job)
    assert job.state == "waiting"


def test_what_is_finished_is_returned(tmp_path):
    job = job_in(tmp_path / "run", "finished")
    job.directory.write_results(RESULTS)
    assert not is_open(job)
    assert (job.state, job.value) == ("finished before", -3.5)


def test_what_says_finished_and_has_no_results_is_taken_up(tmp_path):
    assert is_open(job_in(tmp_path / "run", "finished"))


@pytest.mark.parametrize("state", ["failed", "diverged"])
def test_what_failed_is_taken_up_when_that_is_asked_for(tmp_path, state):
    job = job_in(tmp_path / "run", state, reason="NaN at step 3")
    assert not is_open(job)
    assert (job.state, job.reason) == ("failed before", "NaN at step 3")
    assert is_open(job_in(tmp_path / "run", retry=True))


def test_what_a_process_is_at_is_left_to_it(tmp_path):
    job = job_in(tmp_path / "run", "running", pid=77, host="node")
    with locked(job.run):
        assert not is_open(job)
        assert job.state == "elsewhere"
        assert "is in use by process 77 on node" in job.reason
    assert is_open(job)  # the lock was left as it was


def test_a_directory_that_cannot_be_made_fails_its_job_alone(tmp_path):
    (tmp_path / "file").write_text("")
    job = job_in(tmp_path / "file" / "run")
    assert not is_open(job)
    assert job.state == "failed"
    assert "choose another place with run.root=FOLDER" in job.reason


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["finished", "finished before", "pruned", "skipped"], 0),
        (["skipped"], 1),
        (["finished", "failed"], 1),
        (["finished", "failed before"], 1),
        (["finished", "elsewhere"], 1),
        (["finished", "left"], 1),
        (["finished", "waiting"], 1),
    ],
)
def test_the_exit_status_says_whether_all_is_done(capsys, states, code):
    jobs = [Job(n, (f"seed={n}",), state=state) for n, state in enumerate(states)]
    for job in jobs:
        job.reason = f"reason {job.number}"
    assert conclude(jobs) == code
    told = "".join(capsys.readouterr())
    for job in jobs:
        is_done = job.state in ("finished", "finished before", "pruned")
        assert (f"seed={job.number}: reason {job.number}" in told) != is_done


def by_seed(root: Path) -> dict[int, RunDirectory]:
    found = [RunDirectory(file.parent) for file in root.glob("*/config.json")]
    return {directory.config()["seed"]: directory for directory in found}


@pytest.mark.slow
def test_a_sweep_over_what_happened_before(train, tmp_path):
    root = tmp_path / "runs"
    line = ("-m", "run.accept_changes=true")
    code, out, err = train(root, *line, "seed=0,1,1", "trainer.batch_size=64,few")
    assert code == 1
    assert "2 jobs in 1 program\n" in out  # the same seed twice is one of them
    lines = err.splitlines()
    reason = "trainer.batch_size must be an integer, got 'few'"
    assert lines[:2] == [f"3 of 6 jobs cannot run: {reason}", "3 of 6 jobs failed:"]
    assert sum("trainer.batch_size=few" in line for line in lines) == 3
    runs = by_seed(root)
    assert [runs[seed].status()["state"] for seed in (0, 1)] == ["finished"] * 2
    before = {seed: run.results()["elbo"] for seed, run in runs.items()}

    # One is made to look as if it was killed, the other as if it had failed.
    for state, seed in (("running", 0), ("failed", 1)):
        (runs[seed].path / "results.json").unlink()
        runs[seed].set_status(state, reason="the disk was full")
    line += ("seed=0,1", "trainer.batch_size=64")
    code, out, err = train(root, *line)
    assert code == 1
    first, second = err.splitlines()
    assert first == "1 of 2 jobs failed before; --retry tries them again:"
    assert second.endswith("seed=1 trainer.batch_size=64: the disk was full")
    assert runs[0].status()["state"] == "finished"
    assert runs[1].status()["state"] == "failed"

    with locked(runs[1].path):
        code, out, _ = train(root, *line, "--retry")
    assert code == 1
    assert "1 of 2 jobs are run by another process:" in out
    assert runs[1].status()["state"] == "failed"

    code, _, err = train(root, *line, "--retry")
    assert (code, err) == (0, "")
    assert runs[1].status()["state"] == "finished"
    assert [runs[seed].status()["attempt"] for seed in (0, 1)] == [2, 2]
    # They went on from their checkpoints, to the same bits.
    assert {seed: run.results()["elbo"] for seed, run in runs.items()} == before
    rows = (runs[0].path / "metrics.jsonl").read_text().splitlines()
    steps = [(row["step"], row["split"]) for row in map(json.loads, rows)]
    assert len(steps) == len(set(steps))


def test_a_disk_that_was_full_is_no_failure_of_a_run(train, tmp_path, monkeypatch):
    true, full = checkpoint.save, OSError(28, "No space left on device")

    def save(folder, *arguments, **options):
        if RunDirectory(folder.parent).config()["seed"] == 1:
            raise full
        return true(folder, *arguments, **options)

    line = ("-m", "seed=0,1")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save)
        code, _, err = train(tmp_path, *line)
    assert code == 1
    first, second = err.splitlines()
    assert first == "1 of 2 jobs were left; the same line again goes on with them:"
    assert "seed=1" in second
    assert "No space left on device; make room" in second
    states = {seed: run.status()["state"] for seed, run in by_seed(tmp_path).items()}
    assert states == {0: "finished", 1: "interrupted"}

    code, _, err = train(tmp_path, *line)
    assert (code, err) == (0, "")
    assert by_seed(tmp_path)[1].status()["state"] == "finished"
