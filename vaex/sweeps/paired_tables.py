"""Comparisons of runs as CSV, Markdown and JSON."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vaex.io.atomic import write_json, write_text
from vaex.sweeps.metric import is_lower_better, label_of, readable_unit
from vaex.sweeps.number_format import decimals_for, plain_number, with_error
from vaex.sweeps.paired_runs import PairedRuns

PAIRED_HEADER = (
    "metric",
    "configuration",
    "difference",
    "interval",
    "unit",
    "pairs",
    "",
)

JUDGED = ("elbo", "nll", "bits_per_dim")
"""Metrics of which one direction is better."""


def paired_cells(
    rows: Sequence[PairedRuns], units: Mapping[str, str]
) -> list[list[str]]:
    """Rows for people, in the order of `PAIRED_HEADER`."""
    found = []
    for row in rows:
        d = row.difference
        places = decimals_for(d.mean, d.se)
        interval = "-"
        if d.low is not None and d.high is not None:
            ends = (plain_number(end, places, sign=True) for end in (d.low, d.high))
            interval = " to ".join(ends)
        value = with_error(d.mean, d.se, sign=True)
        pairs, unit = f"{d.n} {row.over}", readable_unit(units[row.metric])
        name = label_of(row.metric)
        found.append(
            [name, row.first, value, interval, unit, pairs, paired_verdict(row)]
        )
    return found


def paired_verdict(row: PairedRuns) -> str:
    """Which of the two is better, "not clear", or "" where neither direction is.

    >>> from vaex.sweeps.estimates_over_seeds import Difference
    >>> over = Difference(-1.0, 0.1, -1.2, -0.8, 50)
    >>> paired_verdict(PairedRuns("nll", "a", "b", over, "examples", 1))
    'better'
    """
    if row.metric not in JUDGED:
        return ""
    mean = row.difference.mean
    if mean is None or not row.difference.is_clear:
        return "not clear"
    return "better" if (mean < 0) == is_lower_better(row.metric) else "worse"


def paired_csv(
    rows: Sequence[PairedRuns], units: Mapping[str, str], level: float
) -> str:
    """A line for each comparison, numbers as they are."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = "metric unit first second over difference se low high level n seeds"
    writer.writerow(names.split())
    for row in rows:
        d = row.difference
        head = [row.metric, units[row.metric], row.first, row.second, row.over]
        writer.writerow([*head, d.mean, d.se, d.low, d.high, level, d.n, row.num_seeds])
    return buffer.getvalue()


def paired_markdown(
    rows: Sequence[PairedRuns], units: Mapping[str, str], level: float
) -> str:
    """The table in Markdown, with a line on what its numbers are."""
    rule = ["---", "---", "---:", "---:", "---", "---", "---"]
    lines = [list(PAIRED_HEADER), rule, *paired_cells(rows, units)]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    table = "".join(f"| {' | '.join(line)} |\n" for line in escaped)
    baseline = rows[0].second if rows else ""
    what = f"Paired differences from {baseline} ± standard error"
    return f"{table}\n{what}, {level:.0%} intervals.\n"


def paired_json(
    rows: Sequence[PairedRuns],
    units: Mapping[str, str],
    level: float,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything, with the facts of the comparison."""
    listed = [
        {
            "metric": row.metric,
            "unit": units[row.metric],
            "first": row.first,
            "second": row.second,
            "over": row.over,
            "num_seeds": row.num_seeds,
            **row.difference._asdict(),
        }
        for row in rows
    ]
    return {**facts, "level": level, "differences": listed}


def write_paired_tables(
    folder: Path,
    rows: Sequence[PairedRuns],
    units: Mapping[str, str],
    level: float,
    facts: Mapping[str, Any],
) -> list[Path]:
    """Writes comparison.csv, comparison.md and comparison.json."""
    return [
        write_text(folder / "comparison.csv", paired_csv(rows, units, level)),
        write_text(folder / "comparison.md", paired_markdown(rows, units, level)),
        write_json(folder / "comparison.json", paired_json(rows, units, level, facts)),
    ]
