"""Speed of anomaly scores beside peers: a whole table, and one row at a time.

vaex gives the reconstruction probability of 64 posterior samples with its error and its
parts; PyOD's VAE the distance to one random reconstruction, by a network of the same
size (20-64-8-64-20); scikit-learn's GaussianMixture a density in closed form, of which
no samples are drawn. Each is a file in `score_peers/` and runs in a process of its own;
timings alternate and the table holds medians. Of single rows a timing is the median of
100 calls after warm-up.

    pip install -e '.[benchmark]' pyod scikit-learn torch
    python scripts/benchmark_score.py --json benchmarks/score.json
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _alternation import alternate, circumstances, write

PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "vaex, 64 samples": ("vaex_scorer", {}),
    "vaex, 1 sample": ("vaex_scorer", {"samples": 1}),
    "PyOD VAE": ("pyod_vae", {}),
    "PyOD VAE, batch 4096": ("pyod_vae", {"batch_size": 4096}),
    "scikit-learn GaussianMixture": ("sklearn_mixture", {}),
}
OURS = "vaex, 64 samples"
PACKAGES = ("vaex-jax", "jax", "jaxlib", "flax", "pyod", "torch", "scikit-learn")
KINDS = {"table": False, "single row": True}
"""Name -> whether rows are scored one at a time."""


def ratios(results: Mapping[str, Any]) -> dict[str, float]:
    """How many times faster we are; more is better."""
    found = {}
    for kind in KINDS:
        ours = results.get(f"{OURS}: {kind}")
        for peer in ("PyOD VAE", "scikit-learn GaussianMixture"):
            other = results.get(f"{peer}: {kind}")
            if ours and other:
                ratio = other["median_seconds"] / ours["median_seconds"]
                found[f"{kind}, over {peer}"] = ratio
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The report."""
    programs = {}
    for kind, is_single in KINDS.items():
        rows = 100 if is_single else options.rows
        for name, (module, own) in PROGRAMS.items():
            if not options.only or name in options.only:
                given = {"rows": rows, "single": is_single, **own}
                programs[f"{name}: {kind}"] = (f"score_peers.{module}", given)
    results, missing = alternate(programs, options.repeats)
    report = {"benchmark": "score", **circumstances(PACKAGES), "rows": options.rows}
    report |= {"repeats": options.repeats, "missing": missing}
    return report | {"ratios": ratios(results), "results": results}


def main() -> None:
    """Measures, prints the table and writes the JSON."""
    parser = argparse.ArgumentParser(description="Speed of anomaly scores.")
    parser.add_argument("--rows", type=int, default=100_000, help="of the table")
    parser.add_argument("--repeats", type=int, default=5, help="timings of each")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="rows to measure")
    options = parser.parse_args()
    report = measure(options)
    for name, found in report["results"].items():
        print(f"{name:42}{1e3 * found['median_seconds']:12,.2f} ms")
    for name, why in report["missing"].items():
        print(f"{name:42}missing: {why}")
    for name, value in report["ratios"].items():
        print(f"{name}: {value:.2f}")
    print(f"{report['processor']}, {report['cores']} cores, load {report['load']}")
    if options.json:
        write(options.json, report)


if __name__ == "__main__":
    main()
