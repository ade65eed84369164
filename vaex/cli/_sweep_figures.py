"""Figures of a sweep's report: which one fits the keys that were swept."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from vaex.figures.sweep_curves import SweepCurve, draw_sweep_curves
from vaex.figures.sweep_dots import SweepDots, draw_sweep_dots
from vaex.figures.sweep_heat_map import SweepGrid, draw_sweep_grids
from vaex.figures.sweep_lines import LinePanel, SweepLine, draw_sweep_lines
from vaex.figures.sweep_scatter import SearchedKey, draw_sweep_scatter
from vaex.sweeps.curves import held_out_curve
from vaex.sweeps.groups import Group, MetricTable, by_seed
from vaex.sweeps.sweep_report import SweepReport
from vaex.sweeps.swept_keys import is_numeric, shown
from vaex.sweeps.table_files import heading

PANELS, SERIES = 6, 12


class Drawn(NamedTuple):
    """A figure of the report.

    Attributes:
      name: of its file.
      title: what it shows.
      draw: makes it.
    """

    name: str
    title: str
    draw: Callable[[], Figure]


def figures_of(report: SweepReport) -> list[Drawn]:
    """The figures that fit the swept keys; each kind of values has its own."""
    found: list[Drawn] = []
    if report.tables and report.over:
        table = report.tables[0]
        rankings = table.rankings[:4]
        for number, ranking in enumerate(rankings):
            kind = table._replace(groups=tuple(g for g in table.groups if g in ranking))
            end = f"-{number}" if len(rankings) > 1 else ""
            suffix = f", {report.bests[number].condition}" if end else ""
            found += [
                one._replace(name=one.name + end, title=one.title + suffix)
                for one in _of_kind(kind)
            ]
    curves = _curves(report)
    return [*found, curves] if curves else found


def _of_kind(table: MetricTable) -> list[Drawn]:
    keys = [i for i in range(len(table.keys)) if len(_values(table, i)) > 1]
    if not keys or len(table.groups) < 2:
        return []
    name = heading(table)
    cells = math.prod(len(_values(table, i)) for i in keys)
    if len(table.groups) > 8 and len(table.groups) < 0.5 * cells:
        title = f"{name} of every configuration, against each key"
        return [Drawn("search", title, lambda: _scatter(table, keys))]
    keys.sort(key=lambda i: -len(_values(table, i)))
    numbers = [i for i in keys if is_numeric(_values(table, i))]
    found = []
    if len(keys) > 1:
        main = sorted(keys[:2])
        title = f"{name}, mean ± standard error over seeds; the best is framed"
        found.append(Drawn("heat-map", title, lambda: _grids(table, main, keys[2:])))
    if numbers:
        rest = [i for i in keys if i != numbers[0]]
        title = f"{name}; bands: one standard error over seeds"
        found.append(Drawn("lines", title, lambda: _lines(table, numbers[0], rest)))
    else:
        title = f"{name}; a pale dot for each seed, mean ± standard error"
        found.append(Drawn("dots", title, lambda: _dots(table, keys)))
    return found


def _values(table: MetricTable, index: int) -> list[Any]:
    return list(dict.fromkeys(group.values[index] for group in table.groups))


def _mean(group: Group | None) -> tuple[float, float]:
    if group is None or group.estimate.mean is None:
        return math.nan, math.nan
    return group.estimate.mean, group.estimate.se or math.nan


def _words(table: MetricTable, indices: Sequence[int], values: Sequence[Any]) -> str:
    pairs = zip(indices, values, strict=True)
    return " ".join(f"{table.keys[i].name}={shown(v)}" for i, v in pairs)


def _split(table: MetricTable, keys: Sequence[int]) -> dict[tuple, list[Group]]:
    """Groups by their values of some keys."""
    found: dict[tuple, list[Group]] = {}
    for group in table.groups:
        found.setdefault(tuple(group.values[i] for i in keys), []).append(group)
    return found


def _grids(table: MetricTable, main: Sequence[int], rest: Sequence[int]) -> Figure:
    row, column = main
    rows, columns = _values(table, row), _values(table, column)
    grids = []
    for values, groups in list(_split(table, rest).items())[:PANELS]:
        at = {(g.values[row], g.values[column]): g for g in groups}
        pairs = np.array([[_mean(at.get((r, c))) for c in columns] for r in rows])
        title = _words(table, rest, values)
        grids.append(SweepGrid(pairs[..., 0], pairs[..., 1], title))
    return draw_sweep_grids(
        grids,
        [shown(value) for value in rows],
        [shown(value) for value in columns],
        row_name=table.keys[row].name,
        column_name=table.keys[column].name,
        metric=heading(table),
        lower_is_better=table.lower_is_better,
    )


def _lines(table: MetricTable, key: int, rest: Sequence[int]) -> Figure:
    series, others = rest[:1], rest[1:]
    panels = []
    for values, groups in list(_split(table, others).items())[:PANELS]:
        part = table._replace(groups=tuple(groups))
        lines = []
        for names, those in list(_split(part, series).items())[:SERIES]:
            ordered = sorted(those, key=lambda group: group.values[key])
            means, errors = np.array([_mean(group) for group in ordered]).T
            x = np.array([group.values[key] for group in ordered], dtype=np.float64)
            lines.append(SweepLine("".join(map(shown, names)), x, means, errors))
        panels.append(LinePanel(_words(table, others, values), lines))
    return draw_sweep_lines(
        panels,
        x_name=table.keys[key].name,
        metric=heading(table),
        legend="".join(table.keys[i].name for i in series),
        is_ordered=bool(series) and is_numeric(_values(table, series[0])),
        lower_is_better=table.lower_is_better,
    )


def _dots(table: MetricTable, keys: Sequence[int]) -> Figure:
    first, rest = keys[0], keys[1:]
    options = _values(table, first)
    dots = []
    for values, groups in list(_split(table, rest).items())[:SERIES]:
        at = {group.values[first]: group for group in groups}
        found = [
            np.array(list(by_seed(at[option]).values()) if option in at else [])
            for option in options
        ]
        dots.append(SweepDots(", ".join(shown(value) for value in values), found))
    return draw_sweep_dots(
        dots,
        [shown(option) for option in options],
        name=table.keys[first].name,
        metric=heading(table),
        legend=", ".join(table.keys[i].name for i in rest),
    )


def _scatter(table: MetricTable, keys: Sequence[int]) -> Figure:
    groups = table.ranked
    searched = []
    for index in keys:
        values = [group.values[index] for group in groups]
        if not is_numeric(values):
            values = [shown(value) for value in values]
        searched.append(SearchedKey(table.keys[index].name, values))
    means = np.array([_mean(group)[0] for group in groups])
    return draw_sweep_scatter(searched, means, metric=heading(table), best=0)


def _curves(report: SweepReport) -> Drawn | None:
    """Held-out ELBO (or what there is) of every run, coloured by the first key."""
    keys = report.keys
    chosen = report.over[:1] or keys.swept[:1]
    values = keys.values(chosen[0]) if chosen else []
    places = {value: place for place, value in enumerate(values)}
    found = []
    for job in keys.ordered:
        curve = held_out_curve(job)
        if curve is not None:
            value = keys.value(job, chosen[0]) if chosen else None
            name = shown(value) if chosen else ""
            found.append((places.get(value, 0), SweepCurve(name, *curve)))
    if not found:
        return None
    found.sort(key=lambda pair: pair[0])
    legend = chosen[0].name if chosen else ""
    title = f"held-out ELBO while training{f', coloured by {legend}' if legend else ''}"
    return Drawn(
        "curves",
        title,
        lambda: draw_sweep_curves(
            [curve for _, curve in found],
            metric="held-out ELBO (nats per example)",
            legend=legend,
            is_ordered=is_numeric(values),
        ),
    )
