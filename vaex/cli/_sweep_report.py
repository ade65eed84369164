"""Tables, comparisons, figures and a page of a sweep's results."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vaex.errors import InputError
from vaex.sweeps.collection import collect
from vaex.sweeps.metric import label_of, readable_unit
from vaex.sweeps.number_format import common_decimals, plain_number, with_error
from vaex.sweeps.sweep_report import SweepReport, make_report

SHOWN = 12
"""Comparisons in the terminal."""

LONG = 16
"""Rows from which a table begins with the best one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument(
        "dir",
        nargs="?",
        default="runs",
        help="folder of a sweep, or one that holds run directories (default: runs)",
    )
    parser.add_argument(
        "--metric",
        nargs="+",
        metavar="NAME",
        help="dotted paths in results.json, or columns of metrics.jsonl; the first one "
        "rules (default: elbo nll distortion rate)",
    )
    parser.add_argument(
        "--over",
        nargs="+",
        metavar="KEY",
        help="keys that make a configuration (default: all swept ones but the seed)",
    )
    parser.add_argument(
        "--baseline",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="compare each configuration with the one that has these values",
    )
    parser.add_argument(
        "--level", type=float, default=0.95, help="of the intervals (default: 0.95)"
    )
    parser.add_argument(
        "--best",
        choices=("max", "min"),
        help="which value of the first metric is best (default: as is usual for it)",
    )
    parser.add_argument(
        "--sort",
        action="store_true",
        help=f"best configuration first, as always above {LONG} rows",
    )
    parser.add_argument(
        "--out", metavar="FOLDER", help="where to write (default: DIR/report)"
    )
    parser.add_argument(
        "--no-page", action="store_true", help="print only, write no files"
    )


def run(options: argparse.Namespace) -> int:
    """Prints the table and writes tables, figures and `report.html`.

    Returns:
      0, or 1 where no run is finished: the page then holds states and reasons.
    """
    collection = collect(options.dir)
    lower = None if options.best is None else options.best == "min"
    report = make_report(
        collection,
        metrics=options.metric,
        over=options.over,
        baseline=options.baseline,
        level=options.level,
        lower_is_better=lower,
    )
    order = _order(report, options.sort)
    _show(report, order)
    if not options.no_page:
        _write(report, Path(options.out or collection.path / "report"), order)
    return 0 if report.tables else 1


def _order(report: SweepReport, sort: bool) -> list[int]:
    """Rows of the table: by the values of the keys, or the best first."""
    if not report.tables:
        return []
    table = report.tables[0]
    places = {id(group): place for place, group in enumerate(table.groups)}
    if not sort and len(table.groups) <= LONG:
        return list(places.values())
    ranked = [places[id(group)] for group in table.ranked]
    return [*ranked, *(place for place in places.values() if place not in ranked)]


def _write(report: SweepReport, folder: Path, order: list[int]) -> None:
    from vaex.cli._sweep_pictures import page_figures, page_pictures
    from vaex.io.atomic import write_text
    from vaex.sweeps.page import page_html
    from vaex.sweeps.table_files import write_tables

    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        write_tables(report, folder)
        page = page_html(
            report,
            page_figures(report, folder),
            page_pictures(report, folder),
            order=order,
            folder=folder,
        )
        path = write_text(folder / "report.html", page)
    except OSError as error:
        raise InputError(
            f"cannot write the report in {folder}: {error.strerror}; choose another "
            "place with --out FOLDER"
        ) from error
    print(f"tables   {folder}: runs.csv, table.csv, comparisons.csv, table.md, .tex")
    print(f"page     {path}")


def _show(report: SweepReport, order: list[int]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    for hint in report.collection.hints:
        print(hint)
    if not report.tables:
        place = report.collection.path
        print(f"no run is finished; see vaex sweep status {place}")
        return
    _show_table(report, order, console)
    for sentence in report.cautions:
        print(f"note: {sentence}")
    _show_comparisons(report, console)
    table = report.tables[0]
    for best in report.bests:
        mean, se, n = best.group.estimate
        kind = f" ({best.condition})" if best.condition else ""
        value = f"{with_error(mean, se)} {readable_unit(table.unit)}".strip()
        print(
            f"best     {table.name(best.group)}: {value}, {n} seed{'s' * (n > 1)}{kind}"
        )
        for line in best.command.splitlines():
            print(f"         {line}")


def _show_table(report: SweepReport, order: list[int], console: Console) -> None:
    from vaex.sweeps.table_files import cells

    header, rows = cells(report.tables)
    count = len(report.over)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in header[:count]:
        table.add_column(escape(name), overflow="fold")
    for one in report.tables:
        unit = f"\n[dim]{readable_unit(one.unit)}[/]" if one.unit else ""
        name = escape(label_of(one.metric))
        table.add_column(name + unit, justify="right", no_wrap=True)
    table.add_column("seeds", justify="right")
    best = {id(one.group) for one in report.bests}
    for place in order:
        style = "bold green" if id(report.tables[0].groups[place]) in best else None
        table.add_row(*map(escape, rows[place]), style=style)
    console.print(table)


def _show_comparisons(report: SweepReport, console: Console) -> None:
    """The best configurations against all others, or all against the baseline."""
    first = report.tables[0]
    chosen = list(report.comparisons)
    best = [id(one.group) for one in report.bests]
    alone = not report.has_baseline and len(best) == 1
    if not report.has_baseline:
        chosen = [one for one in chosen if id(one.first) in best]
    if all(one.difference.n == 1 for one in chosen):
        return
    more, chosen = len(chosen) - SHOWN, chosen[:SHOWN]
    every = [one.difference for one in chosen]
    places = common_decimals([d.mean for d in every], [d.se for d in every])
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("configuration", "minus")[alone:]:
        table.add_column(name, overflow="fold")
    unit = f"\n[dim]{readable_unit(first.unit)}[/]" if first.unit else ""
    for name in (f"difference{unit}", f"{report.level:.0%} interval", "pairs"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in chosen:
        mean, se, low, high, n = one.difference
        interval = "-"
        if low is not None and high is not None:
            ends = [plain_number(v, places, sign=True) for v in (low, high)]
            interval = " to ".join(ends)
        difference = with_error(mean, se, sign=True, places=places)
        names = [escape(first.name(group)) for group in (one.first, one.second)]
        table.add_row(*names[alone:], difference, interval, str(n))
    whose = f" of {first.name(chosen[0].first)}" if alone else ""
    print(f"\n{label_of(first.metric)}{whose}, differences of the same seeds:")
    console.print(table)
    if more > 0:
        print(f"and {more} more in comparisons.csv")
    print()
