"""Pieces of the page that are about single runs."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vaex.sweeps._page_parts import cell, element, grid, head, text
from vaex.sweeps.job import Job
from vaex.sweeps.job_state import FAILED
from vaex.sweeps.links import link_to
from vaex.sweeps.metric import label_of, read_metric, readable_unit
from vaex.sweeps.number_format import duration, plain_number
from vaex.sweeps.sweep_report import SweepReport
from vaex.sweeps.swept_keys import is_numeric, shown

if TYPE_CHECKING:
    from vaex.sweeps.page import PagePicture

REASON = 1200
"""Letters of error.txt that the page shows."""


def runs_grid(report: SweepReport, folder: Path | None) -> str:
    """Every run with its values, state, metrics and their own standard errors."""
    keys = report.keys
    lists = [[v for v in keys.values(k) if v is not None] for k in keys.swept]
    numeric = [is_numeric(values) for values in lists]
    heads = [head("run")]
    pairs = zip(keys.swept, numeric, strict=True)
    heads += [head(key.name, is_number=number) for key, number in pairs]
    heads += [head("state"), head("steps", is_number=True)]
    for table in report.tables:
        unit = readable_unit(table.unit)
        heads.append(head(label_of(table.metric), unit, is_number=True))
    heads.append(head("time", is_number=True))
    rows = []
    for job in keys.ordered:
        state = report.states[job]
        short = job.name.rpartition("-")[2]
        name = f'<a href="{text(link_to(job.folder, folder))}">{text(short)}</a>'
        cells = [cell(name, job.name if job.number is None else job.number)]
        for key, number in zip(keys.swept, numeric, strict=True):
            value = keys.value(job, key)
            cells.append(cell(text(shown(value)), value, is_number=number))
        kind = f"state {state.name.replace(' ', '-')}"
        cells.append(cell(element("span", text(state.name), class_=kind), state.name))
        steps = "-" if state.step is None else f"{state.step}"
        if state.steps not in (None, state.step):
            steps += f" of {state.steps}"
        cells.append(cell(steps, state.step, is_number=True))
        for table in report.tables:
            found = read_metric(job, table.metric)
            number = "-" if found.value is None else plain_number(found.value, 2)
            if found.se is not None:
                error = plain_number(found.se, 2)
                number += f' <span class="error">± {error}</span>'
            cells.append(cell(number, found.value, is_number=True))
        cells.append(cell(duration(state.seconds), state.seconds, is_number=True))
        rows.append(element("tr", "".join(cells)))
    note = "± is the standard error over the examples of the split, of this run alone."
    content = grid(heads, rows) + element("p", note, class_="small")
    if len(rows) <= 24:
        return content
    return f"<details><summary>{len(rows)} runs</summary>{content}</details>"


def failures(report: SweepReport, folder: Path | None) -> str:
    """Each reason once, with its runs and the beginning of error.txt."""
    found: dict[tuple[str, str], list[Job]] = {}
    for job, state in report.states.items():
        if state.name in FAILED | {"skipped", "stale", "interrupted"}:
            reason = state.reason or {
                "stale": "says that it runs, but no process is at it",
                "interrupted": "was told to stop; the same line goes on",
            }.get(state.name, "no reason was recorded")
            found.setdefault((state.name, reason), []).append(job)
    keys, cards = report.keys, []
    for (name, reason), jobs in found.items():
        names = [
            " ".join(f"{k.name}={shown(keys.value(job, k))}" for k in keys.swept)
            or job.name
            for job in jobs
        ]
        listed = "".join(
            f'<li><a href="{text(link_to(job.folder, folder))}">{text(words)}</a></li>'
            for job, words in zip(jobs, names, strict=True)
        )
        details = _error(jobs[0], reason)
        cards.append(
            f'<div class="failure"><b class="{name}">{name}</b> {text(reason)}'
            f'<ul class="small">{listed}</ul>{details}</div>'
        )
    return "".join(cards)


def _error(job: Job, reason: str) -> str:
    try:
        whole = (job.folder / "error.txt").read_text("utf-8", "replace").strip()
    except OSError:
        return ""
    if not whole or whole == reason:
        return ""
    short = whole if len(whole) <= REASON else f"…\n{whole[-REASON:]}"
    return (
        f"<details><summary>error.txt of {text(job.name)}</summary>"
        f'<div class="scroll"><pre>{text(short)}</pre></div></details>'
    )


def gallery(pictures: Sequence["PagePicture"]) -> str:
    """Figures of the runs, one fold for each kind, the first one open."""
    kinds = dict.fromkeys(picture.kind for picture in pictures)
    first = [kind for kind in ("reconstructions", "samples") if kind in kinds]
    kinds = dict.fromkeys([*first, *kinds])
    found = []
    for kind in kinds:
        cards = "".join(
            f'<figure><a href="{text(p.link)}"><img loading="lazy" '
            f'alt="{text(f"{kind}, {p.caption}")}" src="{text(p.source)}"></a>'
            f"<figcaption>{text(p.caption)}</figcaption></figure>"
            for p in pictures
            if p.kind == kind
        )
        state = "" if found else " open"
        title = kind.replace("_", " ").replace("-", " ")
        found.append(
            f"<details{state}><summary>{text(title)}</summary>"
            f'<div class="gallery">{cards}</div></details>'
        )
    return "".join(found)


def provenance(report: SweepReport) -> str:
    """Data, versions, devices: what the numbers were computed with, and how often."""
    found: dict[str, Counter[str]] = {}
    for job in report.keys.jobs:
        status = job.status
        data = status.get("data", {})
        facts = {
            "data": f"{data.get('name', '?')} {str(data.get('checksum', ''))[:12]}",
            "preparation": status.get("preparation"),
            "devices": ", ".join(status.get("devices", [])) or None,
            "cores": status.get("cores"),
            "host": status.get("host"),
            "revision": status.get("revision"),
            **status.get("versions", {}),
        }
        for name, value in facts.items():
            if value not in (None, "") and status:
                found.setdefault(name, Counter())[str(value)] += 1
    lines = []
    for name, counts in found.items():
        several = len(counts) > 1
        words = ", ".join(
            f"{value} ({count} runs)" if several else value
            for value, count in counts.most_common()
        )
        mark = "<b>differs:</b> " if several else ""
        lines.append(f"<dt>{text(name)}</dt><dd>{mark}{text(words)}</dd>")
    lines.append(f"<dt>folder</dt><dd>{text(report.collection.path.resolve())}</dd>")
    return f"<dl>{''.join(lines)}</dl>"
