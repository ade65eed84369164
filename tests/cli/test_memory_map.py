"""`data.memory_map`: the same run as in memory, in a memory that is bounded."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from tests.cli.commands import only_run, read
from vaex.cli import _training
from vaex.data.rows import Rows
from vaex.io.load import load_run
from vaex.training import feed


@pytest.fixture
def data(tmp_path, monkeypatch) -> tuple[str, ...]:
    """Images with labels in files; windows of two steps; nothing is read whole."""
    monkeypatch.setenv("VAEX_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(feed, "WINDOW_BYTES", 2 * 32 * (36 + 4))

    def refuse(*given):
        raise AssertionError("all rows are read at once")

    monkeypatch.setattr(Rows, "__array__", refuse)
    x = np.random.default_rng(0).integers(0, 5, (150, 6, 6)).astype(np.uint8)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", x[:, 0, 0])
    files = (f"data.path={tmp_path}/x.npy", f"data.label={tmp_path}/y.npy")
    return ("data=array", *files, "trainer.batch_size=32", "latent_dim=2")


def outcome(root: Path) -> tuple:
    """The run's name, its results and weights, and the figures that it has."""
    run = only_run(root)
    results = read(run / "results.json")
    seconds = ("seconds", "examples_per_second")
    results["training"] = {
        k: v for k, v in results["training"].items() if k not in seconds
    }
    state = jax.tree.leaves(load_run(run).state.params)
    drawn = sorted(path.name for path in (run / "figures").iterdir())
    return run.name, results, [leaf.tobytes() for leaf in state], drawn


@pytest.mark.slow
def test_a_mapped_run_is_the_run_in_memory(train, vaex, tmp_path, data, monkeypatch):
    """Cut off in the middle of a window, too."""
    line = (*data, "trainer.steps=13", "run.figures=true", "checkpoint.every_steps=5")
    monkeypatch.setattr("vaex.io.run_directory._revision", lambda: "0123456789ab")
    code, _, err = train(tmp_path / "read", *line, "data.memory_map=false")
    assert (code, err) == (0, "")

    line = (*line, "data.memory_map=true")
    true = _training.iterate

    def cut_off(*arguments, **options):
        for chunk in true(*arguments, **options):
            yield chunk
            if chunk.step >= 7:
                raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(_training, "iterate", cut_off)
        assert train(tmp_path / "mapped", *line).code != 0
    code, out, err = train(tmp_path / "mapped", *line)
    assert (code, err) == (0, "")
    assert "goes on from step 5" in out
    assert outcome(tmp_path / "mapped") == outcome(tmp_path / "read")

    run = str(only_run(tmp_path / "mapped"))
    for words in (
        ("evaluate", run, "--split", "train"),
        ("replay", run, "--step", "3"),
        ("sample", run, "--sampler", "gaussian"),
    ):
        code, _, err = vaex(*words)
        assert (code, err) == (0, ""), words


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="needs Linux's /proc"
)
def test_memory_does_not_grow_with_the_file(tmp_path):
    """400 MB are trained on and evaluated in little more than 94 MB are."""
    script = Path(__file__).with_name("trains_from_disk.py")

    def peak(megabytes: int, memory_map: str) -> float:
        folder = tmp_path / f"{megabytes}-{memory_map}"
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, str(script), str(folder), str(megabytes), memory_map],
            capture_output=True,
            text=True,
            timeout=900,
            env={**os.environ, "VAEX_DATA": str(tmp_path / "data")},
        )
        assert done.returncode == 0, done.stderr
        return float(done.stdout)

    small = peak(94, "true")  # two windows of the feed
    # A third window, the order and the figures.
    assert peak(400, "true") < small + 200
    assert peak(400, "false") > small + 400  # so that the bound can be missed
