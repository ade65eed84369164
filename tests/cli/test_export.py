"""`vaex export`: a folder that loads where the run and its data are not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# The run that is only read is trained once for both files.
pytestmark = pytest.mark.xdist_group("finished run")

ROOT = Path(__file__).resolve().parents[2]


def test_a_run_is_exported_once(vaex, finished, tmp_path):
    line = ("export", str(finished.path), "--out", str(tmp_path / "model"))
    code, out, err = vaex(*line)
    assert (code, err) == (0, "")
    names = "README.md, config.json, manifest.json, model.safetensors"
    assert out.splitlines()[0] == f"export   {tmp_path}/model: {names}"
    code, out, err = vaex(*line)
    assert (code, out) == (2, "")
    assert err.startswith(f"vaex: {tmp_path}/model exists already; choose another")
    assert vaex(*line, "--force").code == 0
    code, out, err = vaex("evaluate", str(tmp_path / "model"))
    assert (code, out) == (2, "")
    assert "is an export, which holds neither data nor a train state" in err


def test_what_is_no_run_is_refused(vaex, tmp_path):
    code, out, err = vaex("export", str(tmp_path), "--out", str(tmp_path / "model"))
    assert (code, out) == (2, "")
    assert f"{tmp_path} is not a run directory" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_export_is_used_in_another_process_and_folder(vaex, finished, tmp_path):
    assert vaex("export", str(finished.path), "--out", str(tmp_path / "m")).code == 0
    program = (
        "import numpy as np, vaex; model = vaex.load('m'); x = model.sample(3); "
        "print(x.shape, model.encode(x).shape, np.isin(x * 16, range(17)).all())"
    )
    environment = {k: v for k, v in os.environ.items() if k != "VAEX_DATA"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[0] == "(3, 8, 8) (3, 3) True"
