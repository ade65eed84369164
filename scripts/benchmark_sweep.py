"""A sweep by vaex's population launcher beside Hydra's basic launcher and pythae.

64 jobs (4 learning rates x 4 betas x 4 seeds) of a small model of the digits, figures
off. Each launcher runs the same line in a process of its own, start-up included, first
with an empty cache of compiled programs, then with the one that it has left. pythae's
trainer runs the same number of steps on the same data for a few jobs, one after the
other, and its time is scaled to all jobs; its imports are not counted.

    pip install -c constraints.txt -e '.[benchmark]'
    python scripts/benchmark_sweep.py --json benchmarks/sweep.json
"""
# pyright: reportMissingImports=false

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _alternation import circumstances, write

RATES = "optimizer.learning_rate=3e-4,1e-3,3e-3,1e-2"
BETAS = "objective.beta=0.5,1,2,4"
SEEDS = "seed=0,1,2,3"
MODEL = (
    "encoder.hidden=[64]",
    "decoder.hidden=[64]",
    "latent_dim=8",
    "trainer.batch_size=128",
    "run.figures=false",
)
LAUNCHERS = {
    "population": ("hydra/launcher=population", "hydra/sweeper=grid"),
    "basic": ("hydra/launcher=basic", "hydra/sweeper=basic"),
}
PACKAGES = ("vaex-jax", "jax", "hydra-core", "torch", "pythae")

PYTHAE = """
import sys, time, warnings, logging, tempfile
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import numpy as np
from sklearn.datasets import load_digits
from pythae.models import VAE, VAEConfig
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.data.datasets import BaseDataset
import torch
steps, jobs = int(sys.argv[1]), int(sys.argv[2])
x = torch.tensor(load_digits().data[:1437].reshape(-1, 1, 8, 8) / 16, dtype=torch.float)
epochs = -(-steps // (1437 // 128))
taken = []
for job in range(jobs + 1):
    started = time.perf_counter()
    model = VAE(VAEConfig(input_dim=(1, 8, 8), latent_dim=8, reconstruction_loss="bce"))
    config = BaseTrainerConfig(
        output_dir=tempfile.mkdtemp(), num_epochs=epochs, learning_rate=1e-3,
        per_device_train_batch_size=128, seed=job, no_cuda=True,
    )
    data = BaseDataset(data=x, labels=torch.zeros(len(x)))
    trainer = BaseTrainer(model=model, train_dataset=data, training_config=config)
    trainer.train(log_output_dir=None)
    taken.append(time.perf_counter() - started)
print("SECONDS", float(np.median(taken[1:])))
"""
"""Trains a few VAEs by pythae; its own networks, as it has them for this size."""


def words(number: int) -> list[str]:
    """The words that sweep over 8, 16 or 64 jobs."""
    lines = {64: (RATES, BETAS, SEEDS), 16: (BETAS, SEEDS), 8: (BETAS, "seed=0,1")}
    return list(lines.get(number, (RATES, BETAS, SEEDS)))


def launched(launcher: str, cache: Path, steps: int, jobs: int) -> dict[str, Any]:
    """Seconds of a whole sweep, and its runs' ELBOs."""
    root = Path(tempfile.mkdtemp(prefix="sweep-"))
    command = [sys.executable, "-m", "vaex.cli.main", "train", "-m", *words(jobs)]
    command += [*MODEL, f"trainer.steps={steps}", f"run.root={root}"]
    command += LAUNCHERS[launcher]
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(cache)}
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{launcher} failed:\n{done.stdout[-2000:]}{done.stderr}")
    found = [json.loads(p.read_text()) for p in root.glob("*/results.json")]
    shutil.rmtree(root)
    values = sorted(results["elbo"]["value"] for results in found)
    return {"seconds": seconds, "jobs": len(found), "elbos": values}


def pythae_seconds(steps: int, jobs: int) -> float | None:
    """Seconds of one job by pythae; None where it is not installed."""
    command = [sys.executable, "-c", PYTHAE, str(steps), str(jobs)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("SECONDS")]
    if done.returncode or not lines:
        print(f"pythae was not run: {done.stderr.strip().splitlines()[-1:]}")
        return None
    return float(lines[-1].split()[1])


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All timings, each launcher in turn."""
    found: dict[str, Any] = {}
    for launcher in options.launchers:
        cache = Path(tempfile.mkdtemp(prefix="cache-"))
        for state in ("cold", "warm"):
            name = f"{launcher}, {state}"
            found[name] = launched(launcher, cache, options.steps, options.jobs)
            print(f"{name:20}{found[name]['seconds']:10.1f} s", flush=True)
        shutil.rmtree(cache)
    if options.pythae_jobs:
        long = launched("population", Path(tempfile.mkdtemp()), 2000, options.jobs)
        found["population, 2000 steps"] = long
        one = pythae_seconds(2000, options.pythae_jobs)
        if one is not None:
            seconds = one * options.jobs
            found["pythae, 2000 steps"] = {"seconds": seconds, "of_one": one}
    return found


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """How many times faster the population launcher is."""
    pairs = {
        "basic, cold": ("basic, cold", "population, cold"),
        "basic, warm": ("basic, warm", "population, warm"),
        "pythae": ("pythae, 2000 steps", "population, 2000 steps"),
    }
    return {
        name: found[a]["seconds"] / found[b]["seconds"]
        for name, (a, b) in pairs.items()
        if a in found and b in found
    }


def main() -> None:
    """Measures, prints and writes the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=200, help="of a job")
    parser.add_argument("--jobs", type=int, default=64, choices=(8, 16, 64))
    parser.add_argument("--launchers", nargs="+", default=list(LAUNCHERS))
    parser.add_argument("--pythae-jobs", type=int, default=2, help="0 leaves it out")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    report = {"benchmark": "sweep", **circumstances(PACKAGES)}
    found = measure(options)
    for name, entry in found.items():
        print(f"{name:26}{entry['seconds']:10.1f} s")
    same = {
        tuple(e["elbos"]) for k, e in found.items() if "elbos" in e and "00" not in k
    }
    print(
        "the runs of all launchers are " + ("identical" if len(same) == 1 else "NOT!")
    )
    faster = ratios(found)
    print("times faster: " + ", ".join(f"{k} {v:.2f}" for k, v in faster.items()))
    if options.json:
        report |= {"steps": options.steps, "jobs": options.jobs}
        faster = {f"over {name}": value for name, value in faster.items()}
        write(options.json, report | {"ratios": faster, "results": found})


if __name__ == "__main__":
    main()
