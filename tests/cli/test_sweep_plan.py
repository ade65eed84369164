"""`vaex sweep plan`: what a sweep would take."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.commands import TINY
from vaex.cli import _measuring, _sweep_plan
from vaex.cli._jobs import Job
from vaex.cli._measuring import Measured
from vaex.cli._sweep_plan import state_now
from vaex.io.lock import locked


@pytest.fixture
def plan(vaex, tmp_path):
    """`vaex sweep plan` of tiny jobs in a folder that it must not make."""

    def run(*words: str):
        answer = vaex("sweep", "plan", *TINY, f"run.root={tmp_path / 'runs'}", *words)
        assert not (tmp_path / "runs").exists()
        return answer

    return run


@pytest.mark.slow
def test_a_plan_of_two_structures_writes_nothing(plan):
    code, out, err = plan("latent_dim=2,3", "seed=0,1,1", "optimizer.learning_rate=0.1")
    assert (code, err) == (0, "")
    assert "jobs      6: 4 new, 2 asked for twice\n" in out
    assert "programs  2 to compile\n" in out
    assert "program 1: 2 jobs: latent_dim=2\n" in out
    assert "program 2: 2 jobs: latent_dim=3\n" in out
    assert out.count("memory") == out.count("seconds") == 2
    # 64-8 and 8-64 neurons, with Adam's two moments: some kB a checkpoint.
    assert re.search(r"disk     [\d.]+ (kB|MB): [\d.]+ (kB|MB) a job", out)
    assert re.search(r"total     about .* on \d+ cpu device", out)


@pytest.mark.slow
def test_a_plan_refuses_what_does_not_fit(plan, monkeypatch):
    monkeypatch.setattr(_measuring, "free_bytes", lambda: 1000)
    code, out, err = plan("--quick", "seed=0,1")
    assert code == 2
    assert "seconds" not in out
    assert re.match(r"vaex: a program of 2 jobs takes .*B, and 1.0 kB are free", err)
    monkeypatch.undo()
    disk = SimpleNamespace(free=1000)
    monkeypatch.setattr(_sweep_plan.shutil, "disk_usage", lambda folder: disk)
    code, _, err = plan("--quick", "seed=0,1")
    assert code == 2
    assert "and 1.0 kB are free; lower checkpoint.keep" in err


def test_a_search_has_no_plan(plan):
    code, _, err = plan("hydra/sweeper=optuna", "seed=0,1")
    assert code == 2
    assert "leave hydra/sweeper out" in err


def test_flags_that_a_plan_does_not_have(plan):
    code, _, err = plan("seed=0,1", "--quik")
    assert code == 2
    assert "vaex sweep plan has no --quik; it takes --quick, --retry" in err


def test_words_that_are_wrong_are_refused_as_in_training(plan):
    code, _, err = plan("trainer.epoch=1", "seed=0,1")
    assert code == 2
    assert "did you mean trainer.epochs?" in err


def job_in(folder: Path, *, state: str = "", retry: bool = False, fresh: bool = False):
    config = {"run": {"retry": retry, "fresh": fresh}}
    job = Job(0, (), config, folder)
    if state:
        folder.mkdir(exist_ok=True)
        job.directory.set_status(state)
    return job


@pytest.mark.parametrize(
    ("state", "options", "expected"),
    [
        ("", {}, "new"),
        ("finished", {}, "finished"),
        ("finished", {"fresh": True}, "new"),
        ("failed", {}, "failed before"),
        ("diverged", {"retry": True}, "unfinished"),
        ("running", {}, "stale"),
        ("interrupted", {}, "unfinished"),
        ("pruned", {}, "pruned"),
    ],
)
def test_states_of_jobs(tmp_path, state, options, expected):
    assert state_now(job_in(tmp_path / "run", state=state, **options)) == expected


def test_a_job_that_a_process_is_at(tmp_path):
    job = job_in(tmp_path / "run", state="running")
    with locked(job.run):
        assert state_now(job) == "running"


def measured(**facts) -> Measured:
    """One of a made-up structure, which is not compiled."""
    found = object.__new__(Measured)
    trainer = SimpleNamespace(
        boundary=lambda each: 5, looks_at=lambda step, each: step % 5 == 0, log_every=2
    )
    saving = SimpleNamespace(keep=2, every_steps=None, every_minutes=None)
    setup = SimpleNamespace(
        num_steps=20,
        boundary=5,
        trainer=trainer,
        saving=saving,
        order=SimpleNamespace(steps_per_epoch=4),
    )
    found._structure = SimpleNamespace(setup=setup, **facts)
    return found


def test_looks_that_are_left_are_counted():
    assert [measured()._looks(steps) for steps in (20, 12, 1, 0)] == [4, 3, 1, 0]


def test_disk_is_of_checkpoints_figures_and_metrics(tmp_path):
    import jax

    shapes = {"a": jax.ShapeDtypeStruct((1000,), "float32")}
    found = measured(state_shapes=shapes)
    found.jobs = [Job(0, (), {"run": {"figures": False}}, tmp_path)]
    # One at the end and the best, 4000 bytes each; 10 rows of steps and 4 of looks.
    assert found.disk == 2 * 4000 + 300 * 14
    found.jobs[0].config["run"]["figures"] = True
    assert found.disk == 2 * 4000 + 300 * 14 + _measuring.FIGURES
