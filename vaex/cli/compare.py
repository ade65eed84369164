"""Compare runs, example by example and seed by seed: vaex compare RUN RUN."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vaex.errors import InputError


def run(argv: list[str]) -> int:
    """Prints paired differences; with --out writes tables and figures."""
    parser = argparse.ArgumentParser(prog="vaex compare", description=__doc__)
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="run directories; the first is taken from each of the others, and runs "
        "that differ in their seed alone belong together",
    )
    parser.add_argument("--split", default="test", help="train, validation or test")
    parser.add_argument("--num-samples", type=int, help="importance samples K")
    parser.add_argument(
        "--level", type=float, default=0.95, help="of the intervals (default: 0.95)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, no table")
    parser.add_argument(
        "--out", metavar="FOLDER", help="write CSV, Markdown, JSON and figures there"
    )
    options = parser.parse_args(argv)
    if len(options.runs) < 2:
        raise InputError(f"give two run directories or more, got {options.runs[0]}")
    if options.num_samples is not None and options.num_samples < 1:
        raise InputError(f"--num-samples must be at least 1, got {options.num_samples}")
    if not 0 < options.level < 1:
        raise InputError(
            f"--level must be between 0 and 1, got {options.level:g}; try 0.95"
        )

    from vaex.cli._cache import use_compilation_cache
    from vaex.cli._comparing import UNITS, measure_runs
    from vaex.cli._no_progress import no_progress
    from vaex.cli._progress import CountProgress
    from vaex.sweeps.paired_runs import compare_runs
    from vaex.sweeps.paired_tables import paired_json

    use_compilation_cache()
    progress = no_progress if options.json else CountProgress
    measured = measure_runs(options.runs, options.split, options.num_samples, progress)
    rows = [
        row
        for metric in measured.metrics
        for row in compare_runs(measured.runs, metric, options.level)
    ]
    if options.json:
        print(json.dumps(paired_json(rows, UNITS, options.level, measured.facts)))
    else:
        _show(rows, measured, options.level)
    if options.out:
        _write(Path(options.out), rows, measured, options, quiet=options.json)
    return 0


def _show(rows: Sequence[Any], measured: Any, level: float) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from vaex.cli._comparing import UNITS
    from vaex.sweeps.metric import label_of, readable_unit
    from vaex.sweeps.number_format import with_error
    from vaex.sweeps.paired_runs import mean_values
    from vaex.sweeps.paired_tables import PAIRED_HEADER, paired_cells

    console = Console()
    console = Console(width=None if console.is_terminal else 120)
    facts = measured.facts
    title = f"{facts['data']}, {facts['split']} split, {facts['num_examples']} examples"
    means = Table(title=title, title_justify="left")
    means.add_column("configuration")
    means.add_column("seeds", justify="right")
    for metric in measured.metrics:
        unit = readable_unit(UNITS[metric])
        means.add_column(f"{label_of(metric)}\n{unit}", justify="right")
    columns = [mean_values(measured.runs, metric) for metric in measured.metrics]
    for name, (_, _, count) in columns[0].items():
        values = [with_error(*column[name][:2]) for column in columns]
        means.add_row(escape(name), str(count), *values)
    console.print(means)
    baseline = escape(measured.runs[0].configuration)
    title = f"minus {baseline}, {level:.0%} intervals"
    table = Table(title=title, title_justify="left")
    for name in PAIRED_HEADER:
        is_number = name in ("difference", "interval")
        table.add_column(name, justify="right" if is_number else "left")
    for words in paired_cells(rows, UNITS):
        table.add_row(*map(escape, words))
    console.print(table)
    if any(row.over == "examples" and row.num_seeds == 0 for row in rows):
        print("configurations without a seed in common are compared by their averages")
    if all(row.over == "examples" for row in rows):
        print(
            "these are differences of the trained models; how much another seed would "
            "change them only more seeds can tell"
        )


def _write(
    folder: Path,
    rows: Sequence[Any],
    measured: Any,
    options: argparse.Namespace,
    *,
    quiet: bool,
) -> None:
    from vaex.cli._comparing import UNITS
    from vaex.figures.paired_differences import (
        PairedDot,
        PairedPanel,
        draw_paired_differences,
    )
    from vaex.figures.rate_distortion import RatePoint, draw_rate_distortion
    from vaex.figures.saving import save_figure
    from vaex.sweeps.metric import label_of, readable_unit
    from vaex.sweeps.paired_runs import mean_values
    from vaex.sweeps.paired_tables import write_paired_tables

    folder.mkdir(parents=True, exist_ok=True)
    level = options.level
    files = write_paired_tables(folder, rows, UNITS, level, measured.facts)
    panels = []
    for metric in measured.metrics:
        dots = [
            PairedDot(row.first, d.mean, d.low, d.high, row.over)
            for row in rows
            for d in [row.difference]
            if row.metric == metric
        ]
        if dots:
            label, unit = label_of(metric), readable_unit(UNITS[metric])
            name = label if label == unit else f"{label} ({unit})"
            panels.append(PairedPanel(name, dots))
    baseline = measured.runs[0].configuration
    if panels:
        figure = draw_paired_differences(panels, baseline=baseline, level=level)
        files.append(save_figure(figure, folder / "differences.png"))
    if {"rate", "distortion"} <= set(measured.metrics):
        two = (mean_values(measured.runs, m) for m in ("rate", "distortion"))
        rate, distortion = two
        points = [
            RatePoint(name, rate[name][0], distortion[name][0], *errors)
            for name in rate
            for errors in [(rate[name][1], distortion[name][1])]
        ]
        figure = draw_rate_distortion(points)
        files.append(save_figure(figure, folder / "rate-distortion.png"))
    if not quiet:
        for file in files:
            print(f"written  {file}")
