"""Pieces of the page: tables, cards, strips; text in, escaped HTML out."""

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from vaex.sweeps.comparisons import Comparison
from vaex.sweeps.groups import Group, MetricTable
from vaex.sweeps.metric import label_of, readable_unit
from vaex.sweeps.number_format import common_decimals, plain_number, with_error
from vaex.sweeps.swept_keys import is_numeric, shown


def text(value: Any) -> str:
    """Escaped text.

    >>> text("<b>")
    '&lt;b&gt;'
    """
    return html.escape(str(value))


def element(name: str, content: str, **attributes: Any) -> str:
    """One element; `class_` is its class.

    >>> element("p", "a", class_="soft")
    '<p class="soft">a</p>'
    """
    given = {k.rstrip("_").replace("_", "-"): v for k, v in attributes.items()}
    words = "".join(f' {k}="{text(v)}"' for k, v in given.items() if v is not None)
    return f"<{name}{words}>{content}</{name}>"


def cell(content: str, value: Any = None, *, is_number: bool = False) -> str:
    """A cell of a table, with the value that it is sorted by."""
    sort = "" if value is None else value
    kind = "num" if is_number else None
    return element("td", content, class_=kind, data_value=sort)


def head(name: str, unit: str = "", *, is_number: bool = False) -> str:
    """A heading of a column, its unit below the name."""
    below = f"<small>{text(unit)}</small>" if unit else ""
    return element("th", text(name) + below, class_="num" if is_number else None)


def grid(heads: Iterable[str], rows: Iterable[str]) -> str:
    """A table that can be sorted, and scrolled where it is too wide."""
    top = f"<thead><tr>{''.join(heads)}</tr></thead>"
    body = f"<tbody>{''.join(rows)}</tbody>"
    return f'<div class="scroll"><table class="sortable">{top}{body}</table></div>'


def command(line: str) -> str:
    """A command line with a button that copies it."""
    button = '<button type="button" data-copy>copy</button>'
    return f'<div class="command"><code>{text(line)}</code>{button}</div>'


def strip(
    mean: float | None, low: float, high: float, ends: tuple[float, float]
) -> str:
    """A dot with its interval on a scale, for a cell of a table."""
    if mean is None:
        return ""
    start, stop = ends

    def place(value: float) -> float:
        share = (value - start) / (stop - start) if stop > start else 0.5
        return 6 + 118 * min(max(share, 0.0), 1.0)

    zero = ""
    if start < 0 < stop:
        zero = f'<line class="zero" x1="{place(0):.1f}" x2="{place(0):.1f}" y2="16"/>'
    whisker = (
        f'<line x1="{place(low):.1f}" x2="{place(high):.1f}" y1="8" y2="8"/>'
        f'<circle cx="{place(mean):.1f}" cy="8" r="3.5"/>'
    )
    if not start <= mean <= stop:  # beyond the scale
        edge, tip = (124, 129) if mean > stop else (6, 1)
        whisker = f'<path d="M{edge},3L{tip},8L{edge},13Z" fill="var(--accent)"/>'
    track = '<line class="track" x1="6" x2="124" y1="8" y2="8"/>'
    return f'<svg class="strip" viewBox="0 0 130 16">{track}{zero}{whisker}</svg>'


def key_heads(table: MetricTable) -> list[str]:
    """Headings of the keys, numbers to the right."""
    return [
        head(key.name, is_number=_numeric(table, i)) for i, key in enumerate(table.keys)
    ]


def results_grid(tables: Sequence[MetricTable], order: Sequence[int]) -> str:
    """Configurations with mean and standard error of every metric."""
    first = tables[0]
    heads = key_heads(first)
    for table in tables:
        heads.append(head(label_of(table.metric), _unit(table), is_number=True))
        if table is first:
            heads.append(head("", ""))
    noise = head("run s.e.", f"of {label_of(first.metric)}", is_number=True)
    heads += [head("seeds", is_number=True), noise]
    best = {id(ranking[0]) for ranking in first.rankings}
    scales = {
        id(group): scale_of(first, ranking)
        for ranking in first.rankings
        for group in ranking
        if len(ranking) > 1
    }
    columns = {t.metric: _places(t) for t in tables}
    rows = []
    for index in order:
        group = first.groups[index]
        cells = [
            cell(text(shown(value)), value, is_number=_numeric(first, i))
            for i, value in enumerate(group.values)
        ]
        for table in tables:
            mean, se, _ = table.groups[index].estimate
            shown_number = with_error(mean, se, places=columns[table.metric])
            number, sign, error = shown_number.partition(" ± ")
            styled = text(number) + (
                f' <span class="error">± {error}</span>' * bool(sign)
            )
            cells.append(cell(styled, mean, is_number=True))
            if table is first:
                reach, middle = se or 0.0, mean or 0.0
                drawn = element("span", text(_states(group)), class_="small")
                if mean is not None:
                    ends = scales.get(id(group))
                    spread = (mean, middle - reach, middle + reach)
                    drawn = strip(*spread, ends) if ends else ""
                cells.append(cell(drawn, mean))
        estimate, run_se = group.estimate, group.run_se
        cells.append(cell(str(estimate.n), estimate.n, is_number=True))
        noise = "-" if run_se is None else plain_number(run_se, 2)
        cells.append(cell(noise, run_se, is_number=True))
        kind = "top" if id(group) in best else None
        rows.append(element("tr", "".join(cells), class_=kind))
    return grid(heads, rows)


def comparisons_grid(
    table: MetricTable, comparisons: Sequence[Comparison], level: float
) -> str:
    """Pairs of configurations with the interval of their difference."""
    unit = _unit(table)
    every = [c.difference for c in comparisons]
    places = common_decimals([d.mean for d in every], [d.se for d in every])
    known = [v for d in every for v in (d.mean, d.low, d.high) if v is not None]
    sizes = sorted(abs(value) for value in known) or [1.0]
    reach = min(sizes[-1], 4 * sizes[len(sizes) // 3]) or 1.0
    rows = []
    for one in comparisons:
        mean, se, low, high, n = one.difference
        interval = "-"
        if low is not None and high is not None:
            between = [plain_number(v, places, sign=True) for v in (low, high)]
            interval = " to ".join(between)
        bar = strip(
            mean,
            low if low is not None else mean or 0.0,
            high if high is not None else mean or 0.0,
            (-reach, reach),
        )
        rows.append(
            element(
                "tr",
                cell(text(table.name(one.first)), table.name(one.first))
                + cell(text(table.name(one.second)), table.name(one.second))
                + cell(
                    with_error(mean, se, sign=True, places=places), mean, is_number=True
                )
                + cell(interval, low, is_number=True)
                + cell(bar, mean)
                + cell("yes" if one.difference.is_clear else "no")
                + cell(str(n), n, is_number=True),
            )
        )
    heads = [
        head("configuration"),
        head("minus"),
        head("difference", unit, is_number=True),
        head(f"{level:.0%} interval", unit, is_number=True),
        head(""),
        head("without 0"),
        head("pairs", is_number=True),
    ]
    return grid(heads, rows)


def scale_of(table: MetricTable, groups: Sequence[Group]) -> tuple[float, float]:
    """A scale that shows the better half of groups that can be compared."""
    means = sorted(group.estimate.mean or 0.0 for group in groups)
    low, high, median = means[0], means[-1], means[len(means) // 2]
    if table.lower_is_better:
        return low, min(high, low + 4 * (median - low)) if median > low else high
    return max(low, high - 4 * (high - median)) if median < high else low, high


def _places(table: MetricTable) -> int:
    estimates = [group.estimate for group in table.groups]
    return common_decimals([e.mean for e in estimates], [e.se for e in estimates])


def _states(group: Group) -> str:
    """States of runs without a value: `2 diverged`."""
    found = Counter(str(job.status.get("state", "not started")) for job in group.jobs)
    return ", ".join(f"{count} {name}" for name, count in found.items())


def _unit(table: MetricTable) -> str:
    return readable_unit(table.unit)


def _numeric(table: MetricTable, index: int) -> bool:
    values = [group.values[index] for group in table.groups]
    return is_numeric([value for value in values if value is not None])
