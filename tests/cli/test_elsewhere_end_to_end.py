"""Sweeps whose groups are trained by other processes, which are then killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli import fake_slurm
from tests.cli.commands import TINY

pytestmark = pytest.mark.slow

SECONDS = 240


def runs(root: Path) -> dict[str, Path]:
    """Seed and latent variables -> its run directory."""
    found = {}
    for path in root.iterdir() if root.is_dir() else ():
        if (path / "config.json").is_file():
            config = json.loads((path / "config.json").read_text())
            found[f"{config['seed']} {config['latent_dim']}"] = path
    return found


def statuses(root: Path) -> dict[str, dict]:
    return {
        name: json.loads((path / "status.json").read_text())
        for name, path in runs(root).items()
        if (path / "status.json").is_file()
    }


def wait_for(root: Path, count: int, state: str = "running") -> dict[str, dict]:
    """Statuses of the first runs in a state, when there are so many."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        found = {k: s for k, s in statuses(root).items() if s["state"] == state}
        if len(found) >= count:
            return found
        time.sleep(0.01)
    raise AssertionError(f"no {count} runs were {state} in time: {statuses(root)}")


def begin(root: Path, *words: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "vaex.cli.main", "train", "-m", *TINY]
        + [*words, f"run.root={root}"],
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(running: subprocess.Popen) -> tuple[int, str]:
    try:
        return running.returncode, running.communicate(timeout=SECONDS)[0]
    finally:
        running.kill()


def results(root: Path) -> dict[str, float]:
    found = {
        k: json.loads((p / "results.json").read_text()) for k, p in runs(root).items()
    }
    return {name: result["elbo"]["value"] for name, result in found.items()}


def test_processes_stopped_and_killed_lose_nothing(train, tmp_path):
    root = tmp_path / "runs"
    line = ("seed=0,1", "latent_dim=2,3", "hydra.launcher.where=processes")
    line += ("hydra.launcher.processes=2", "run.accept_changes=true")
    first = begin(root, *line)
    wait_for(root, 1)
    until = time.monotonic() + SECONDS
    while not list(root.glob("*/metrics.jsonl")) and time.monotonic() < until:
        time.sleep(0.01)  # then it is between chunks
    first.send_signal(signal.SIGTERM)
    _, said = end(first)
    assert first.returncode == 128 + signal.SIGTERM
    assert "the same line again goes on" in said
    before = statuses(root)
    assert "interrupted" in {s["state"] for s in before.values()}

    second = begin(root, *line)
    pids = {s["pid"] for s in before.values()}
    victim = None
    while victim is None and second.poll() is None:
        now = wait_for(root, 1).values()
        victim = next((s["pid"] for s in now if s["pid"] not in pids), None)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    _, said = end(second)
    assert second.returncode == 1
    assert "were left; the same line again goes on with them:" in said
    assert "its process was ended by SIGKILL; see " in said

    code, out, err = train(root, "-m", *line)
    assert (code, err) == (0, "")
    assert {s["state"] for s in statuses(root).values()} == {"finished"}
    assert len(runs(root)) == 4
    assert "finished before" in out
    code, _, _ = train(tmp_path / "here", "-m", *line[:2])
    assert code == 0
    assert results(root) == results(tmp_path / "here")  # to the last bit


def test_slurm_runs_groups_and_a_warned_one_goes_on_from_the_queue(train, tmp_path):
    pytest.importorskip("submitit")
    root, home = tmp_path / "runs", tmp_path / "slurm"
    fake_slurm.install(home / "bin")
    slurm = {
        "FAKE_SLURM": str(home),
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    running = begin(
        root,
        "seed=0,1",
        "latent_dim=2,3",
        "trainer.steps=30",
        "hydra.launcher.where=slurm",
        "hydra.launcher.timeout_min=30",
        "+hydra.launcher.parameters.slurm_partition=gpu",
        **slurm,
    )
    while not {"0 2", "1 2"} <= set(wait_for(root, 2)):
        time.sleep(0.01)  # its first task has these
    subprocess.run(
        ["scancel", "1000_0", "--signal", "USR2"], env=os.environ | slurm, check=True
    )
    _, said = end(running)
    assert running.returncode == 0, said
    assert "4 jobs go to 2 processes\nSlurm's job 1000; logs in " in said
    (folder,) = root.glob("sweeps/*/processes/1")
    script = (folder / "1000_submission.sh").read_text()
    assert "#SBATCH --array=0-1%2\n" in script
    assert "#SBATCH --partition=gpu\n" in script
    assert "#SBATCH --time=30\n" in script
    log = (folder / "1000_0_0_log.out").read_text()
    assert log.count("Starting with") == 2
    assert "Requeued job" in log
    code, _, _ = train(
        tmp_path / "here", "-m", "seed=0,1", "latent_dim=2,3", "trainer.steps=30"
    )
    assert code == 0
    assert results(root) == results(tmp_path / "here")
