"""The benchmark of training runs its programs in turn, and they learn the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "benchmark_train.py"
NAMES = ["vaex", "jax and optax by hand", "XLA's products alone"]


@pytest.mark.slow
def test_it_measures_in_turn(tmp_path):
    target = tmp_path / "figures.json"
    options = ["--synthetic", "--steps=2", "--repeats=2", f"--json={target}"]
    subprocess.run([sys.executable, SCRIPT, *options, "--only", *NAMES], check=True)
    report = json.loads(target.read_text())
    results = report["results"]
    assert list(results) == NAMES
    losses = [results[name]["loss"] for name in NAMES[:2]]
    # Six steps from parameters of one law; the first loss is about 784 log 2 = 543.
    assert abs(losses[0] - losses[1]) < 20
    assert all(300 < loss < 700 for loss in losses)
    seconds = [results[name]["median_seconds"] for name in NAMES]
    of_products = report["ratios"]["of XLA's products"]
    assert of_products == pytest.approx(seconds[2] / seconds[0])
    assert all(len(found["seconds"]) == 2 for found in results.values())
