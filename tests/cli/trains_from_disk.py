"""A script: memory that runs on one file take, mapped and read; prints JSON.

python trains_from_disk.py FOLDER MEGABYTES
"""

import contextlib
import io
import json
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


def run(folder: Path, megabytes: int) -> dict[str, float]:
    """MB at most: of a small file, and of a large one, mapped and read."""
    large = write(folder / "large.npy", megabytes * (1 << 20) // (4 * WIDTH))
    small = write(folder / "small.npy", 30000)  # two windows of the feed
    size = ["encoder.hidden=[8]", "decoder.hidden=[8]", "latent_dim=2"]
    size += ["trainer.steps=200", "evaluation.num_samples=4", "data.test_fraction=0.02"]

    def peak(path: Path, mode: str, seed: int) -> float:
        data = ["data=array", f"data.path={path}", f"data.memory_map={mode}"]
        return peak_of(*data, *size, f"seed={seed}", f"run.root={folder}/runs")

    return {
        "small": peak(small, "true", 0),
        "mapped": peak(large, "true", 1),
        "read": peak(large, "false", 2),
    }


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]))))
