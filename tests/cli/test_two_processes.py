"""`vaex train` in two processes on loopback: each its own, as the devices are JAX's."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import TINY, only_run, read

# Gloo waits for ever where one of them dies: each test ends them by itself.
SECONDS = 240


def start(root: Path, *words: str, processes: int = 2) -> list[subprocess.Popen]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    together = [
        f"distributed.coordinator=127.0.0.1:{port}",
        f"distributed.num_processes={processes}",
        "trainer.devices=all",
    ]
    return [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "vaex.cli.main", "train", *TINY, *words),
                f"run.root={root}",
                *([*together, f"distributed.process_id={k}"] if processes > 1 else ()),
            ],
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for k in range(processes)
    ]


def finish(running: list[subprocess.Popen]) -> tuple[list[int], list[str]]:
    """Exit codes, and what was printed but for gloo's own lines."""
    try:
        printed = [one.communicate(timeout=SECONDS)[0] for one in running]
    finally:
        for one in running:
            one.kill()
    lines = [text.splitlines(keepends=True) for text in printed]
    own = ["".join(k for k in found if "[Gloo]" not in k) for found in lines]
    return [one.returncode for one in running], own


def rows(root: Path) -> list[dict]:
    text = (only_run(root) / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.slow
def test_two_processes_make_the_run_that_one_makes(tmp_path):
    words = ("trainer.steps=24", "trainer.log_every=1")
    codes, printed = finish(start(tmp_path / "two", *words))
    assert codes == [0, 0], printed
    assert "trained on   2 x cpu" in printed[0]
    assert printed[1] == ""
    codes, _ = finish(start(tmp_path / "one", *words, processes=1))
    assert codes == [0]
    two, one = rows(tmp_path / "two"), rows(tmp_path / "one")
    assert len(two) == len(one) > 24
    for row, expected in zip(two, one, strict=True):
        for name, value in expected.items():
            if isinstance(value, float):
                # Sums over the batch in another order; see on_eight_devices.py.
                np.testing.assert_allclose(row[name], value, rtol=1e-5, atol=1e-5)
    assert only_run(tmp_path / "two").name == only_run(tmp_path / "one").name
    status = read(only_run(tmp_path / "two") / "status.json")
    assert (status["devices"], status["processes"]) == (["cpu", "cpu"], 2)
    codes, printed = finish(start(tmp_path / "two", *words))
    assert codes == [0, 0]
    assert printed[0].startswith("finished before")
    assert printed[1] == ""


@pytest.mark.slow
def test_a_signal_to_one_stops_both_and_one_process_can_go_on(tmp_path):
    words = ("trainer.steps=3000", "trainer.evaluate_every=0")
    running = start(tmp_path, *words)
    for line in running[0].stdout:
        if "training:" in line:
            break
    time.sleep(1)
    running[1].send_signal(signal.SIGTERM)
    codes, printed = finish(running)
    assert codes == [128 + signal.SIGTERM] * 2, printed
    assert "the same line again goes on" in printed[0]
    (code,), (printed,) = finish(start(tmp_path, *words, processes=1))
    assert code == 0, printed
    assert "it goes on from step" in printed
    attempts = read(only_run(tmp_path) / "status.json")["attempts"]
    assert [attempt["devices"] for attempt in attempts] == [["cpu"] * 2, ["cpu"]]
    assert attempts[1]["step"] > 0


@pytest.mark.slow
def test_what_is_refused_ends_both(tmp_path):
    codes, printed = finish(start(tmp_path, "trainer.batch_size=3"))
    assert codes == [2, 0]
    assert "a multiple of trainer.devices=2, got 3" in printed[0]
    assert printed[1] == ""


@pytest.mark.slow
def test_a_cpu_counts_as_several_devices(tmp_path):
    """In a process of its own: this one's JAX has started."""
    codes, printed = finish(start(tmp_path, "trainer.devices=2", processes=1))
    assert codes == [0], printed
    assert "trained on   2 x cpu" in printed[0]
    status = read(only_run(tmp_path) / "status.json")
    assert (status["devices"], status["processes"]) == (["cpu", "cpu"], 1)
