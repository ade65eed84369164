"""Training speed of vaex beside its peers, on the same cores in the same call.

All train the same network for as many steps: 784-500-20 with relu, Bernoulli head, one
posterior sample, KL in closed form, batch 128, Adam 1e-3, float32, MNIST at a
threshold; one row draws the bits anew in each step. Each is a file in `train_peers/`
and runs in a process of its own; timings alternate and the table holds medians. The
loss is the mean over the last epoch: all should agree to a few nats. The last row is
XLA's matrix products at the same shapes, which no JAX program can be faster than.

    pip install -e '.[benchmark,peers]'
    python scripts/benchmark_train.py --json benchmarks/train.json
    python scripts/benchmark_table.py README.md
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from _alternation import alternate, circumstances, write
from train_peers._setting import BATCH

PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "vaex": ("vaex_loop", {"levels": 2}),
    "vaex, bits drawn anew": ("vaex_loop", {"levels": 256}),
    "vaex, with saves and looks": ("vaex_loop", {"levels": 2, "save": True}),
    "numpyro, scanned SVI": ("numpyro_svi", {}),
    "jax and optax by hand": ("jax_step", {}),
    "Keras on JAX": ("keras_fit", {}),
    "torch.compile": ("torch_step", {"compile": True}),
    "torch, eager": ("torch_step", {"compile": False}),
    "pythae": ("pythae_trainer", {}),
    "XLA's products alone": ("products", {}),
}
PEERS = tuple(
    name for name in PROGRAMS if not name.startswith(("vaex", "XLA", "jax and"))
)
PACKAGES = ("vaex-jax", "jax", "jaxlib", "flax", "optax", "numpyro", "keras", "torch")


def ratios(results: Mapping[str, Any]) -> dict[str, float]:
    """What the bars are about, of those that were measured; more is better."""
    seconds = {name: found["median_seconds"] for name, found in results.items()}
    ours, found = seconds["vaex"], {}
    peers = [seconds[name] for name in PEERS if name in seconds]
    if peers:
        found["over the fastest peer"] = min(peers) / ours
    if "pythae" in seconds:
        found["over pythae"] = seconds["pythae"] / ours
    if "XLA's products alone" in seconds:
        found["of XLA's products"] = seconds["XLA's products alone"] / ours
    if "vaex, bits drawn anew" in seconds:
        found["bits drawn anew, of static"] = ours / seconds["vaex, bits drawn anew"]
    return found


def overhead(found: Mapping[str, Any], epochs: int) -> float:
    """The share of a run that saves every 30 s and twenty looks take, at most.

    As if training stood still while a checkpoint is written, which it does not.
    """
    looks = 20 * found["look_seconds"] / (epochs * found["median_seconds"])
    return found["save_seconds"] / 30 + looks


def measure(images: np.ndarray, options: argparse.Namespace) -> dict[str, Any]:
    """The report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        np.save(path, images)
        common = {"images": str(path), "steps": options.steps}
        programs = {
            name: (f"train_peers.{module}", common | own)
            for name, (module, own) in PROGRAMS.items()
            if not options.only or name in options.only
        }
        results, missing = alternate(programs, options.repeats)
    for found in results.values():
        per_step = found["median_seconds"] / options.steps
        found["ms_per_step"] = 1e3 * per_step
        found["examples_per_second"] = BATCH / per_step
    report = {"benchmark": "train", **circumstances((*PACKAGES, "pythae"))}
    report |= {"steps": options.steps, "repeats": options.repeats, "missing": missing}
    if "vaex" in results:
        report["ratios"] = ratios(results)
    saved = results.get("vaex, with saves and looks")
    if saved:
        report["overhead"] = overhead(saved, epochs=100)
    return report | {"results": results}


def load_images(synthetic: bool) -> np.ndarray:
    """Grey levels [60000, 784] uint8: MNIST, or noise in place of it."""
    if synthetic:
        return np.random.default_rng(0).integers(0, 256, (60_000, 784), np.uint8)
    from vaex.data.mnist import MNIST

    return MNIST().load().splits["train"]["x"].reshape(60_000, -1)


def main() -> None:
    """Measures, prints the table and writes the JSON."""
    parser = argparse.ArgumentParser(description="Training speed beside peers.")
    parser.add_argument("--steps", type=int, default=468, help="steps of one timing")
    parser.add_argument("--repeats", type=int, default=5, help="timings of each")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--synthetic", action="store_true", help="noise for MNIST")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="rows to measure")
    options = parser.parse_args()
    report = measure(load_images(options.synthetic), options)
    print(f"{'':28}{'ms/step':>9}{'examples/s':>12}{'loss, nats':>12}")
    for name, found in report["results"].items():
        ms, speed = found["ms_per_step"], found["examples_per_second"]
        print(f"{name:28}{ms:9.3f}{speed:12,.0f}{found.get('loss', np.nan):12.2f}")
    for name, why in report["missing"].items():
        print(f"{name:28}missing: {why}")
    for name, value in report.get("ratios", {}).items():
        print(f"{name}: {value:.2f}")
    if "overhead" in report:
        print(f"saves every 30 s and looks take at most {report['overhead']:.2%}")
    print(f"{report['processor']}, {report['cores']} cores, load {report['load']}")
    if options.json:
        write(options.json, report)


if __name__ == "__main__":
    main()
