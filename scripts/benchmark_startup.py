"""Start-up of `vaex train`: to its first step, beside the bare imports that it needs.

The first step is seen by the first row of metrics.jsonl. Compiled programs are those of
a run before (a warm cache), and so are Python's, whatever PYTHONDONTWRITEBYTECODE says.
Imports and starts are timed in turn, each in a process of its own, interpreter
included; the figures are medians.

    python scripts/benchmark_startup.py --json benchmarks/startup.json
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _alternation import circumstances, write

IMPORTS = "import jax, flax.linen, optax, distrax, hydra"
"""What every run needs before its first step."""

LINE = ("trainer.steps=1000000", "trainer.log_every=1", "run.figures=false")


def seconds_of_imports() -> float:
    """Seconds of a process that imports and ends."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - started


def seconds_to_first_step(cache: Path, timeout: float = 300.0) -> float:
    """Seconds until the first row of metrics; the run is then ended."""
    root = Path(tempfile.mkdtemp(prefix="startup-"))
    command = [sys.executable, "-m", "vaex.cli.main", "train", *LINE]
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(cache)}
    started = time.perf_counter()
    run = subprocess.Popen(
        [*command, f"run.root={root}"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not any(p.stat().st_size for p in root.glob("*/metrics.jsonl")):
            if run.poll() is not None or time.perf_counter() - started > timeout:
                raise SystemExit("the run made no step; try its line by hand")
            time.sleep(0.005)
        return time.perf_counter() - started
    finally:
        run.kill()
        run.wait()
        shutil.rmtree(root, ignore_errors=True)


def main() -> None:
    """Measures, prints and writes the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="timings of each")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    report = {"benchmark": "startup", **circumstances(("vaex-jax", "jax", "distrax"))}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # installed modules are compiled
    cache = Path(tempfile.mkdtemp(prefix="cache-"))
    seconds_to_first_step(cache)  # fills the cache
    imports, starts = [], []
    for _ in range(options.repeats):
        imports.append(seconds_of_imports())
        starts.append(seconds_to_first_step(cache))
    shutil.rmtree(cache)
    bare, start = statistics.median(imports), statistics.median(starts)
    print(f"imports      {bare:6.2f} s   {IMPORTS}")
    print(f"first step   {start:6.2f} s   vaex train, warm cache")
    print(f"ratio        {start / bare:6.2f}")
    if options.json:
        each = {"bare imports": imports, "to the first step": starts}
        report["results"] = {
            name: {"seconds": taken, "median_seconds": statistics.median(taken)}
            for name, taken in each.items()
        }
        write(options.json, report | {"ratios": {"of bare imports": start / bare}})


if __name__ == "__main__":
    main()
