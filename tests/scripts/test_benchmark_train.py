"""The benchmark against peers runs, and all of them learn the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "benchmark_train.py"


@pytest.mark.slow
def test_it_measures_all_three(tmp_path):
    pytest.importorskip("numpyro", reason="numpyro is in the extra [benchmark]")
    target = tmp_path / "figures.json"
    options = ["--synthetic", "--steps=2", "--repeats=2", f"--json={target}"]
    done = subprocess.run(
        [sys.executable, SCRIPT, *options], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["vaex", "numpyro", "floor"]
    report = json.loads(target.read_text())
    losses = [found["loss"] for found in report["results"].values()]
    # Six steps from parameters of one law; the first loss is about 784 log 2 = 543.
    assert max(losses) - min(losses) < 20
    assert all(300 < loss < 700 for loss in losses)
    assert report["time_over"].keys() == {"numpyro", "floor"}
    for found in report["results"].values():
        assert len(found["seconds"]) == 3
        assert found["ms_per_step"] > 0
