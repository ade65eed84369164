"""A report as one HTML page that opens from disk: nothing is fetched."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from vaex.sweeps._page_curves import curves_chart
from vaex.sweeps._page_parts import (
    command,
    comparisons_grid,
    element,
    results_grid,
    text,
)
from vaex.sweeps._page_runs import (
    failures,
    gallery,
    provenance,
    runs_grid,
)
from vaex.sweeps.command_line import line_of
from vaex.sweeps.comparisons import Comparison
from vaex.sweeps.metric import label_of, readable_unit
from vaex.sweeps.number_format import plain_number, with_error
from vaex.sweeps.sweep_report import Best, SweepReport

MOST_COMPARISONS = 60
"""Rows of comparisons on the page; all of them are in comparisons.csv."""


class PageFigure(NamedTuple):
    """A figure of the report, on the page.

    Attributes:
      title: what it shows.
      svg: one `<svg>` element.
      file: its PNG, relative to the page.
    """

    title: str
    svg: str
    file: str


class PagePicture(NamedTuple):
    """A figure of one run.

    Attributes:
      kind: name of the figure, such as reconstructions.
      caption: of which run it is.
      source: a data URI, or a path relative to the page.
      link: the whole figure, relative to the page.
    """

    kind: str
    caption: str
    source: str
    link: str


def page_html(
    report: SweepReport,
    figures: Sequence[PageFigure] = (),
    pictures: Sequence[PagePicture] = (),
    *,
    order: Sequence[int] | None = None,
    folder: Path | None = None,
) -> str:
    """The page.

    Args:
      report: what it says.
      figures: of the report.
      pictures: figures of its runs.
      order: of the rows of results; None takes the order of the values.
      folder: where the page will be, for links to the runs.
    """
    sections = [
        ("results", "Results", _results(report, order)),
        ("figures", "Figures", _figures(figures)),
        ("curves", "Learning curves", curves_chart(report)),
        ("comparisons", "Paired comparisons", _comparisons(report)),
        ("failures", "What did not end well", failures(report, folder)),
        ("runs", "Runs", runs_grid(report, folder)),
        ("pictures", "Figures of the runs", gallery(pictures)),
        ("provenance", "Provenance", provenance(report)),
    ]
    there = [(name, title, body) for name, title, body in sections if body]
    links = "".join(f'<a href="#{name}">{title}</a>' for name, title, _ in there)
    body = "".join(
        f'<section id="{name}"><h2>{title}</h2>{content}</section>'
        for name, title, content in there
    )
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(report.collection.name)}: sweep report</title>"
        f"<style>{_asset('_page.css')}</style></head>\n<body>"
        f"<header><div>{_head(report)}<nav>{links}</nav></div></header>\n<main>"
        f"{''.join(_best(report, best) for best in report.bests)}"
        f"{_cautions(report)}\n{body}\n{_foot()}</main>"
        f"<script>{_asset('_page.js')}</script></body></html>\n"
    )


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _head(report: SweepReport) -> str:
    jobs = report.collection
    states = Counter(state.name for state in report.states.values())
    chips = "".join(
        element("li", f"{count} {name}", class_=name.replace(" ", "-"))
        for name, count in states.most_common()
    )
    swept = ", ".join(key.name for key in report.keys.swept) or "nothing"
    total = f"{len(jobs.jobs)} jobs over {swept}{_when(report)}"
    line = command(line_of(jobs.line)) if jobs.line is not None else ""
    hints = "".join(element("p", text(hint), class_="small") for hint in jobs.hints)
    return (
        f"<h1>{text(jobs.name)}</h1>{element('p', text(total), class_='soft')}"
        f'{line}{hints}<ul class="chips">{chips}</ul>'
    )


def _when(report: SweepReport) -> str:
    """From the first beginning to the last change, in UTC."""
    records = [job.status for job in report.keys.jobs if job.status]
    starts = [
        attempt.get("started", "")
        for record in records
        for attempt in record.get("attempts") or [record]
    ]
    ends = [record.get("updated", "") for record in records]
    first, last = min(filter(None, starts), default=""), max(ends, default="")
    if not first or not last:
        return ""
    day = first[:10] != last[:10]
    first, last = (moment[:16].replace("T", " ") for moment in (first, last))
    return f"; {first} to {last if day else last[11:]} UTC"


def _best(report: SweepReport, best: Best) -> str:
    table = report.tables[0]
    estimate = best.group.estimate
    split = next(iter(best.group.conditions)).split or "held-out"
    seeds = "1 seed" if estimate.n == 1 else f"mean over {estimate.n} seeds ± s.e."
    label = f"Best {label_of(table.metric)}, {split} split, {seeds}"
    if best.condition:
        label += f"; {best.condition}"
    number = text(with_error(estimate.mean, estimate.se))
    unit = readable_unit(table.unit)
    lead = f"<p class='small'>{text(_lead(report, best.lead))}</p>" if best.lead else ""
    return (
        f'<div class="best"><div class="label">{text(label)}</div>'
        f'<div class="number">{number} <small>{text(unit)}</small></div>'
        f'<div class="keys">{text(table.name(best.group))}</div>'
        f"{lead}{command(best.command)}</div>"
    )


def _lead(report: SweepReport, lead: Comparison) -> str:
    """How far the best one is from the second."""
    table, found = report.tables[0], lead.difference
    second = table.name(lead.second)
    text_of = with_error(found.mean, found.se, sign=True)
    words = f"{text_of} {readable_unit(table.unit)} to the second best, {second}"
    if found.low is None or found.high is None:
        return words + "; one seed tells no error"
    low, high = (plain_number(v, 2, sign=True) for v in (found.low, found.high))
    sure = "" if found.is_clear else ": the seeds do not tell them apart"
    return (
        f"{words}: {report.level:.0%} interval {low} to {high} of {found.n} pairs{sure}"
    )


def _cautions(report: SweepReport) -> str:
    if not report.cautions:
        return ""
    items = "".join(element("li", text(sentence)) for sentence in report.cautions)
    return f'<aside class="cautions"><b>Read with care</b><ul>{items}</ul></aside>'


def _results(report: SweepReport, order: Sequence[int] | None) -> str:
    if not report.tables:
        return element("p", "No run is finished yet.")
    order = range(len(report.tables[0].groups)) if order is None else order
    note = (
        "Mean ± standard error over seeds (n − 1). "
        "<i>run s.e.</i> is that of one run's first metric over its examples, apart "
        "from the seeds. A click on a heading sorts."
    )
    table = results_grid(report.tables, order)
    return table + element("p", note, class_="small")


def _figures(figures: Sequence[PageFigure]) -> str:
    cards = "".join(
        f"<figure{_width(f.svg)}>{f.svg}<figcaption>{text(f.title)} "
        f'(<a href="{text(f.file)}">PNG</a>)</figcaption></figure>'
        for f in figures
    )
    return f'<div class="figures">{cards}</div>' if cards else ""


def _width(svg: str) -> str:
    """A wide figure has a row of its own."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    is_wide = box is not None and float(box[1]) > 2 * float(box[2])
    return ' class="wide"' * is_wide


def _comparisons(report: SweepReport) -> str:
    if not report.comparisons:
        return ""
    if all(one.difference.n == 1 for one in report.comparisons):
        return element(
            "p",
            "Every configuration has one seed: differences have no error. Add "
            "<code>seed=0,1,2</code> to the line.",
        )
    shown_ones = report.comparisons[:MOST_COMPARISONS]
    more = len(report.comparisons) - len(shown_ones)
    table = comparisons_grid(report.tables[0], shown_ones, report.level)
    note = (
        "Differences of runs of the same seed: mean ± standard error, with Student's t "
        "interval. Each interval stands for itself: of many, some leave out 0 by "
        "chance, and the best configuration was picked by these very numbers."
    )
    note += f" {more} more are in comparisons.csv." if more else ""
    return table + element("p", note, class_="small")


def _foot() -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    files = " · ".join(
        f'<a href="{name}">{name}</a>'
        for name in (
            "runs.csv",
            "table.csv",
            "comparisons.csv",
            "table.md",
            "table.tex",
        )
    )
    return f'<footer class="small">{files}<br>vaex sweep report, {now}</footer>'
