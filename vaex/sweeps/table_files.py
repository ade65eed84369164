"""A report as tables in files: CSV (tidy), Markdown, LaTeX (booktabs)."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vaex.io.atomic import write_text
from vaex.sweeps.groups import MetricTable
from vaex.sweeps.metric import label_of, read_metric, readable_unit
from vaex.sweeps.number_format import common_decimals, with_error
from vaex.sweeps.sweep_report import SweepReport
from vaex.sweeps.swept_keys import is_numeric, shown

_TEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def write_tables(report: SweepReport, folder: Path) -> list[Path]:
    """Writes runs.csv, table.csv, comparisons.csv, table.md and table.tex.

    Raises:
      OSError: if the folder cannot be written.
    """
    texts = {
        "runs.csv": runs_csv(report),
        "table.csv": means_csv(report),
        "comparisons.csv": comparisons_csv(report),
        "table.md": as_markdown(report.tables),
        "table.tex": as_latex(report.tables),
    }
    return [write_text(folder / name, text) for name, text in texts.items()]


def runs_csv(report: SweepReport) -> str:
    """A row for each run: keys, state, and each metric with its own standard error."""
    keys = report.keys
    swept = [key for key in keys.swept if key.path != "seed"]
    names = [table.metric for table in report.tables]
    header = ["job", "run", "state", *(key.path for key in swept), "seed"]
    header += [f"{n}{end}" for n in names for end in ("", "_se", "_unit")]
    rows: list[list[Any]] = []
    for job in keys.ordered:
        row = [job.number, job.folder, report.states[job].name]
        row += [keys.value(job, key) for key in swept]
        row.append(job.seed)
        for name in names:
            found = read_metric(job, name)
            row += [found.value, found.se, found.conditions.unit or None]
        rows.append(row)
    return _csv(header, rows)


def means_csv(report: SweepReport) -> str:
    """A row for each configuration and metric: mean and standard error over seeds."""
    header = [*(key.path for key in report.over), "metric", "unit"]
    header += ["mean", "se", "n", "run_se"]
    rows = [
        [*g.values, t.metric, t.unit, *g.estimate[:2], g.estimate.n, g.run_se]
        for t in report.tables
        for g in t.groups
    ]
    return _csv(header, rows)


def comparisons_csv(report: SweepReport) -> str:
    """A row for each pair of configurations: mean difference over their seeds."""
    header = "metric unit first second difference se low high level n".split()
    rows = []
    for one in report.comparisons:
        table, d = report.tables[0], one.difference
        pair = [table.name(one.first), table.name(one.second)]
        numbers = [d.mean, d.se, d.low, d.high, report.level, d.n]
        rows.append([table.metric, table.unit, *pair, *numbers])
    return _csv(header, rows)


def cells(tables: Sequence[MetricTable]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table for people: keys, metrics as mean and s.e., n."""
    if not tables:
        return [], []
    header = [key.name for key in tables[0].keys]
    header += [heading(table) for table in tables]
    columns = [column_of(table) for table in tables]
    rows = [
        [*map(shown, group.values), *(column[i] for column in columns), str(n)]
        for i, group in enumerate(tables[0].groups)
        for n in [max(table.groups[i].estimate.n for table in tables)]
    ]
    return [*header, "seeds"], rows


def heading(table: MetricTable) -> str:
    """A metric's name with its unit."""
    unit = f" ({readable_unit(table.unit)})" if table.unit else ""
    return label_of(table.metric) + unit


def column_of(table: MetricTable) -> list[str]:
    """Mean and standard error of every group, with decimals in common."""
    estimates = [group.estimate for group in table.groups]
    places = common_decimals([e.mean for e in estimates], [e.se for e in estimates])
    return [with_error(e.mean, e.se, places=places) for e in estimates]


def as_markdown(tables: Sequence[MetricTable]) -> str:
    """The table in Markdown, numbers to the right."""
    header, rows = cells(tables)
    if not header:
        return "No run is finished.\n"
    rights = _rights(tables)
    rule = ["---:" if right else "---" for right in rights]
    lines = [header, rule, *([c.replace("|", "\\|") for c in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + _foot(tables)


def as_latex(tables: Sequence[MetricTable]) -> str:
    """The table in LaTeX, for the package booktabs."""
    header, rows = cells(tables)
    if not header:
        return "% No run is finished.\n"
    columns = "".join("r" if right else "l" for right in _rights(tables))
    lines = [
        f"% {_foot(tables).strip()}\n" if _foot(tables) else "",
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n",
        " & ".join(map(_tex, header)) + " \\\\\n\\midrule\n",
        *(" & ".join(_tex_number(cell) for cell in row) + " \\\\\n" for row in rows),
        "\\bottomrule\n\\end{tabular}\n",
    ]
    return "".join(lines)


def _foot(tables: Sequence[MetricTable]) -> str:
    return "\nMean over seeds ± standard error over seeds; units in the header.\n"


def _rights(tables: Sequence[MetricTable]) -> list[bool]:
    first = tables[0]
    keys = [
        is_numeric([g.values[i] for g in first.groups if g.values[i] is not None])
        for i in range(len(first.keys))
    ]
    return [*keys, *(True for _ in tables), True]


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)


def _tex_number(cell: str) -> str:
    if "\N{MINUS SIGN}" not in cell and "±" not in cell:
        return "--" if cell == "-" else _tex(cell)
    number = cell.replace("\N{MINUS SIGN}", "-").replace("±", r"\pm")
    return f"${number}$"


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
