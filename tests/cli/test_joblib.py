"""Hydra's own joblib launcher: each job in a process that is not ours."""

import os
import subprocess
import sys

import pytest

from tests.cli.commands import TINY

pytestmark = pytest.mark.slow


def test_what_became_of_each_job_is_told(tmp_path):
    line = [sys.executable, "-m", "vaex.cli.main", "train", "-m", *TINY]
    line += ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "optimizer=sgd"]
    line += ["optimizer.learning_rate=1e-4,1e12", "likelihood=bernoulli,beta_binomial"]
    line += [f"run.root={tmp_path / 'runs'}"]
    done = subprocess.run(
        line, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    table = done.stdout[done.stdout.index("4 jobs") :].splitlines()
    states = {}
    for row in table:
        cells = [cell.strip() for cell in row.split("│")]
        if len(cells) > 5 and cells[1].isdigit():
            states[int(cells[1])] = cells[5]
    assert sorted(states) == [0, 1, 2, 3]
    assert states[0] == states[1] == "finished"
    assert states[2] == "diverged"
    assert "jobs failed:" in done.stderr
    assert "is not finite" in done.stderr.split("jobs failed:")[1]
