"""A script: the memory that a run on a file takes at most; prints MB.

python trains_from_disk.py FOLDER MEGABYTES MEMORY_MAP

Each run is a process of its own: one that follows another in a process starts with
what that one's compiler has left, and by how much differs from day to day.
"""

import contextlib
import io
import sys
import threading
from pathlib import Path

import numpy as np

from vaex.cli.main import main

WIDTH = 784


def anonymous_memory() -> float:
    """MB of this process that are not the cache of a file (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    raise OSError("no RssAnon in /proc/self/status")


def peak_of(*words: str) -> float:
    """MB that a run takes at most, read every 5 ms."""
    done, peak = threading.Event(), [0.0]

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], anonymous_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            code = main(["train", *words])
    finally:
        done.set()
        watcher.join()
    assert code == 0, said.getvalue()
    return peak[0]


def write(path: Path, rows: int) -> Path:
    """Random float32 rows, a block at a time."""
    generator = np.random.default_rng(0)
    array = np.lib.format.open_memmap(path, "w+", np.float32, (rows, WIDTH))
    for start in range(0, rows, 4096):
        block = array[start : start + 4096]
        block[:] = generator.random(block.shape, np.float32)
    return path


def run(folder: Path, megabytes: int, memory_map: str) -> float:
    """MB at most of a run on a file of that size."""
    path = write(folder / "rows.npy", megabytes * (1 << 20) // (4 * WIDTH))
    size = ["encoder.hidden=[8]", "decoder.hidden=[8]", "latent_dim=2"]
    size += ["trainer.steps=200", "evaluation.num_samples=4", "data.test_fraction=0.02"]
    data = ["data=array", f"data.path={path}", f"data.memory_map={memory_map}"]
    return peak_of(*data, *size, f"run.root={folder}/runs")


if __name__ == "__main__":
    print(run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
