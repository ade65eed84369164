"""A sweep by the population launcher: killed, run again, held against runs alone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from tests.cli.commands import TINY, read
from tests.training.toy import assert_same_bits
from vaex.io.load import load_run

VALUES = (
    "objective.beta=0.5,1",
    "seed=0,1",
    "optimizer.learning_rate=1e-3,1e6",  # the second ones diverge
    "trainer.max_skipped=0",
    "run.accept_changes=true",  # a commit while this runs is no matter
)
LINE = (*TINY, "trainer.steps=60", "trainer.evaluate_every=1", "trainer.batch_size=400")


def sweep(root: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "vaex.cli.main", "train", "-m", *LINE, *VALUES]
    command += [f"run.root={root}", "checkpoint.every_steps=3", *words]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": "2"}
    return subprocess.Popen(
        command,
        text=True,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def by_config(root: Path) -> dict[tuple[float, int, float], Path]:
    found = {}
    for path in root.glob("*/status.json"):
        config = read(path.parent / "config.json")
        rate = config["optimizer"]["learning_rate"]
        found[config["objective"]["beta"], config["seed"], rate] = path.parent
    return found


def waits_for(pattern: str, root: Path, process: subprocess.Popen[str]) -> None:
    started = time.monotonic()
    while not list(root.glob(pattern)):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() - started < 240
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_sweep_ends_as_its_runs_alone(train, tmp_path):
    root = tmp_path / "swept"
    killed = sweep(root)
    waits_for("*/checkpoints/*/manifest.json", root, killed)
    killed.kill()
    killed.communicate()
    stopped = sweep(root)
    waits_for("*/checkpoints/1[0-9]/manifest.json", root, stopped)
    stopped.send_signal(signal.SIGTERM)
    _, err = stopped.communicate(timeout=240)
    assert stopped.returncode in (143, 1), err  # or it was already done

    last = sweep(root)
    out, err = last.communicate(timeout=400)
    assert last.returncode == 1
    assert "4 of 8 jobs failed" in err
    runs = by_config(root)
    assert len(runs) == 8
    for (beta, seed, rate), path in runs.items():
        state = read(path / "status.json")["state"]
        assert state == ("finished" if rate < 1 else "diverged"), (beta, seed)
        assert (path / "error.txt").is_file() == (rate > 1)
    assert out.count("finished") >= 4

    words = ("objective.beta=0.5", "seed=1", "optimizer.learning_rate=1e-3")
    answer = train(tmp_path / "alone", *LINE, *words, "trainer.max_skipped=0")
    assert answer.code == 0, answer.err
    ((key, alone),) = by_config(tmp_path / "alone").items()
    swept = runs[key]
    for name in ("metrics.jsonl", "config.json"):
        one, other = ((p / name).read_text() for p in (alone, swept))
        if name == "config.json":
            one, other = (json.loads(t) for t in (one, other))
            for found in (one, other):
                del found["run"], found["checkpoint"]
        assert one == other, name
    results = [read(p / "results.json") for p in (alone, swept)]
    for found in results:
        del found["training"]["seconds"], found["training"]["examples_per_second"]
    assert results[0] == results[1]
    assert_same_bits(*(load_run(p).state for p in (alone, swept)))

    again = sweep(root)
    out, err = again.communicate(timeout=240)
    assert again.returncode == 1
    assert out.count("finished before") == 4
    assert "4 of 8 jobs failed before; --retry tries them again" in err
    assert "training" not in out
    assert np.isfinite(jax.tree.leaves(load_run(swept).state.params)[0]).all()
