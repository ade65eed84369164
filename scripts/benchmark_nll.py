"""Speed of the importance-weighted NLL beside pythae's and XLA's products.

5000 samples for each MNIST test image by a network of 784-500-20 that was not trained;
each program runs in a process of its own and timings alternate. A rate is samples a
second: examples times samples over the median time. pythae is given fewer images. An
untrained network's estimates differ between the two, as their first parameters do.

    pip install -e '.[benchmark,peers]'
    python scripts/benchmark_nll.py --json benchmarks/nll.json
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _alternation import alternate, circumstances, write
from train_peers._setting import BATCH

PROGRAMS = {
    "vaex": "vaex_estimate",
    "pythae, get_nll": "pythae_nll",
    "XLA's products alone": "products",
}


def measure(images: np.ndarray, options: argparse.Namespace) -> dict[str, Any]:
    """The report."""
    names = [name for name in PROGRAMS if not options.only or name in options.only]
    common = {
        "steps": options.blocks,
        "samples": options.samples,
        "samples_per_chunk": options.samples_per_chunk,
        "few": options.few,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        np.save(path, images)
        programs = {
            name: (f"nll_peers.{PROGRAMS[name]}", common | {"images": str(path)})
            for name in names
        }
        results, missing = alternate(programs, options.repeats)
    for name, found in results.items():
        examples = options.few if "pythae" in name else options.blocks * BATCH
        total = examples * options.samples
        found["samples_per_second"] = total / found["median_seconds"]
    rates = {name: found["samples_per_second"] for name, found in results.items()}
    ratios = {
        f"of {name}" if "XLA" in name else f"over {name}": rates["vaex"] / rate
        for name, rate in rates.items()
        if name != "vaex" and "vaex" in rates
    }
    report = {"benchmark": "nll", **circumstances(("vaex-jax", "jax", "torch"))}
    report |= {"options": {**common, "repeats": options.repeats}, "missing": missing}
    return report | {"ratios": ratios, "results": results}


def main() -> None:
    """Measures, prints the rates and writes the JSON."""
    parser = argparse.ArgumentParser(description="Importance-weighted NLL.")
    parser.add_argument("--blocks", type=int, default=2, help="of 128 test images")
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--samples-per-chunk", type=int, default=8)
    parser.add_argument("--few", type=int, default=16, help="images for pythae")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--synthetic", action="store_true", help="noise for MNIST")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="rows to measure")
    options = parser.parse_args()
    count = options.blocks * BATCH
    if options.synthetic:
        generator = np.random.default_rng(0)
        images = generator.integers(0, 256, (count, 784), np.uint8)
    else:
        from vaex.data.mnist import MNIST

        images = MNIST().load().splits["test"]["x"].reshape(-1, 784)[:count]
    report = measure(images, options)
    for name, found in report["results"].items():
        print(f"{name:22}{found['samples_per_second']:12,.0f} samples/s")
    for name, why in report["missing"].items():
        print(f"{name:22}missing: {why}")
    for name, value in report["ratios"].items():
        print(f"{name}: {value:.2f}")
    if options.json:
        write(options.json, report)


if __name__ == "__main__":
    main()
