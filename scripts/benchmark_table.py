"""The README's tables of measurements, made of `benchmarks/*.json`.

A table stands between `<!-- benchmark NAME -->` and `<!-- /benchmark -->`, and is
written anew from `benchmarks/NAME.json`.

    python scripts/benchmark_table.py            # prints them
    python scripts/benchmark_table.py README.md  # writes them
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
Report = Mapping[str, Any]


def rows(cells: list[tuple[str, ...]]) -> str:
    """A Markdown table; the first row is its head."""
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(cells[0]), *lines[1:]])


def train_table(report: Report) -> str:
    """Examples a second of each."""
    ours = report["results"]["vaex"]["median_seconds"]
    cells = [("784-500-20, batch 128", "ms/step", "examples/s", "vaex is faster by")]
    for name, found in report["results"].items():
        ms, speed = found["ms_per_step"], found["examples_per_second"]
        factor = found["median_seconds"] / ours
        cells.append((name, f"{ms:.2f}", f"{speed:,.0f}", f"{factor:.2f}"))
    return rows(cells)


def nll_table(report: Report) -> str:
    """Samples a second of each."""
    ours = report["results"]["vaex"]["samples_per_second"]
    cells = [("784-500-20, importance samples", "samples/s", "vaex is faster by")]
    for name, found in report["results"].items():
        speed = found["samples_per_second"]
        cells.append((name, f"{speed:,.0f}", f"{ours / speed:.2f}"))
    return rows(cells)


def startup_table(report: Report) -> str:
    """Seconds of each."""
    cells = [("start of `vaex train`", "seconds")]
    for name, found in report["results"].items():
        cells.append((name, f"{found['median_seconds']:.2f}"))
    return rows(cells)


def sweep_table(report: Report) -> str:
    """Seconds of all jobs and of one."""
    number = report["jobs"]
    cells = [(f"{number} jobs of {report['steps']} steps", "seconds", "a job")]
    for name, found in report["results"].items():
        whole = found["seconds"]
        cells.append((name, f"{whole:,.0f}", f"{whole / number:.2f}"))
    return rows(cells)


def score_table(report: Report) -> str:
    """Seconds of many rows, and of one."""
    cells = [(f"anomaly scores, table of {report['rows']:,} rows", "seconds")]
    for name, found in report["results"].items():
        cells.append((name, f"{found['median_seconds']:.3g}"))
    return rows(cells)


TABLES: dict[str, Callable[[Report], str]] = {
    "train": train_table,
    "nll": nll_table,
    "score": score_table,
    "startup": startup_table,
    "sweep": sweep_table,
}


def text(report: Report) -> str:
    """A report's table, its ratios, and where it was measured."""
    ratios = [f"{name} {value:.2f}" for name, value in report["ratios"].items()]
    versions = ", ".join(f"{k} {v}" for k, v in report["versions"].items())
    where = f"{report['processor']}, {report['cores']} cores, load {report['load']}"
    lines = [TABLES[report["benchmark"]](report), "", "Ratios: " + "; ".join(ratios)]
    return "\n".join([*lines, f"({report['date']}; {where}; {versions}).", ""])


def written(page: str, folder: Path = FOLDER) -> str:
    """A page with every table that it marks made anew.

    Raises:
      FileNotFoundError: if there is no report for a mark.
    """

    def made(match: re.Match[str]) -> str:
        report = json.loads((folder / f"{match[1]}.json").read_text())
        head = f"<!-- benchmark {match[1]} -->"
        return f"{head}\n{text(report)}<!-- /benchmark -->"

    mark = r"<!-- benchmark (\w+) -->\n.*?<!-- /benchmark -->"
    return re.sub(mark, made, page, flags=re.DOTALL)


def main() -> None:
    """Writes a page, or prints the tables."""
    parser = argparse.ArgumentParser(description="Tables of benchmarks/*.json.")
    parser.add_argument("page", type=Path, nargs="?", help="a page with marks")
    options = parser.parse_args()
    if options.page:
        options.page.write_text(written(options.page.read_text()))
        return
    for path in sorted(FOLDER.glob("*.json")):
        report = json.loads(path.read_text())
        if report.get("benchmark") in TABLES:
            print(text(report))


if __name__ == "__main__":
    main()
