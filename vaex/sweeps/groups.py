"""Runs of equal values of the chosen keys, and a metric's mean over their seeds."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from vaex.sweeps.estimates_over_seeds import Estimate, mean_over
from vaex.sweeps.job import Job
from vaex.sweeps.metric import Conditions, is_lower_better, read_metric
from vaex.sweeps.swept_keys import SEED, Key, Keys, shown


class Group(NamedTuple):
    """Runs of one configuration, as far as the chosen keys tell.

    Attributes:
      values: of the keys.
      jobs: all of them, finished or not.
      cells: (values of the other swept keys, seed) -> the metric.
      conditions: of the values; more than one where they cannot be averaged.
      estimate: mean over seeds of the means over the other keys.
      run_se: root mean square of the runs' own standard errors over examples.
    """

    values: tuple[Any, ...]
    jobs: tuple[Job, ...]
    cells: dict[tuple[tuple[Any, ...], Any], float]
    conditions: frozenset[Conditions]
    estimate: Estimate
    run_se: float | None

    @property
    def seeds(self) -> list[Any]:
        """Seeds that have a value."""
        return sorted({seed for _, seed in self.cells}, key=str)


class MetricTable(NamedTuple):
    """One metric over configurations.

    Attributes:
      metric: its name.
      keys: whose values make a configuration.
      averaged: swept keys that are averaged over, besides the seed.
      groups: in the order of their values.
      unit: of the metric, "" where it has none or several.
      lower_is_better: whether the best value is the lowest.
    """

    metric: str
    keys: tuple[Key, ...]
    averaged: tuple[Key, ...]
    groups: tuple[Group, ...]
    unit: str
    lower_is_better: bool

    @property
    def ranked(self) -> list[Group]:
        """Groups that have a mean, the best first."""
        sign = 1 if self.lower_is_better else -1
        known = [(g.estimate.mean, g) for g in self.groups]
        scored = [(sign * mean, g) for mean, g in known if mean is not None]
        return [group for _, group in sorted(scored, key=lambda pair: pair[0])]

    @property
    def rankings(self) -> list[list[Group]]:
        """`ranked`, one list for each kind of values that can be compared.

        Groups of more than one kind are left out.
        """
        found: dict[frozenset[Conditions], list[Group]] = {}
        for group in self.ranked:
            if len(group.conditions) == 1:
                found.setdefault(group.conditions, []).append(group)
        return list(found.values())

    def name(self, group: Group) -> str:
        """A configuration in words: `beta=1 learning_rate=0.003`."""
        pairs = zip(self.keys, group.values, strict=True)
        return " ".join(f"{key.name}={shown(v)}" for key, v in pairs) or "all runs"


def tabulate(
    keys: Keys,
    over: Sequence[Key],
    metric: str,
    *,
    lower_is_better: bool | None = None,
) -> MetricTable:
    """A metric of the finished runs, averaged over seeds.

    Where a swept key is not among the chosen ones the mean over it is taken within
    each seed, so that the standard error is one over seeds.

    Args:
      keys: of the runs.
      over: the keys whose values make a configuration.
      metric: as for `read_metric`.
      lower_is_better: None takes what is usual for the metric.
    """
    rest = [key for key in keys.over if key not in over and key.path != SEED.path]
    found: dict[tuple[Any, ...], list[Job]] = {}
    for job in keys.jobs:
        found.setdefault(tuple(keys.value(job, key) for key in over), []).append(job)
    groups = [
        _group(values, jobs, keys, rest, metric) for values, jobs in found.items()
    ]
    lists = [keys.values(key) for key in over]
    groups.sort(
        key=lambda g: [vs.index(v) for vs, v in zip(lists, g.values, strict=True)]
    )
    units = {c.unit for g in groups for c in g.conditions}
    unit = units.pop() if len(units) == 1 else ""
    if lower_is_better is None:
        lower_is_better = is_lower_better(metric)
    return MetricTable(
        metric, tuple(over), tuple(rest), tuple(groups), unit, lower_is_better
    )


def by_seed(
    group: Group, only: frozenset[tuple[Any, ...]] | None = None
) -> dict[Any, float]:
    """Seed -> mean over the other keys, of those values of them that are named."""
    found: dict[Any, list[float]] = {}
    for (rest, seed), value in group.cells.items():
        if only is None or rest in only:
            found.setdefault(seed, []).append(value)
    return {seed: math.fsum(values) / len(values) for seed, values in found.items()}


def _group(
    values: tuple[Any, ...],
    jobs: Sequence[Job],
    keys: Keys,
    rest: Sequence[Key],
    metric: str,
) -> Group:
    cells: dict[tuple[tuple[Any, ...], Any], list[float]] = {}
    conditions, errors = set(), []
    for job in jobs:
        reading = read_metric(job, metric)
        if reading.value is None:
            continue
        cell = tuple(keys.value(job, key) for key in rest), job.seed
        cells.setdefault(cell, []).append(reading.value)
        conditions.add(reading.conditions)
        if reading.se is not None:
            errors.append(reading.se)
    means = {cell: math.fsum(found) / len(found) for cell, found in cells.items()}
    run_se = None
    if errors:
        run_se = math.sqrt(math.fsum(se * se for se in errors) / len(errors))
    bare = Group(
        values, tuple(jobs), means, frozenset(conditions), Estimate(None, None, 0), None
    )
    estimate = mean_over(list(by_seed(bare).values()))
    return bare._replace(estimate=estimate, run_se=run_se)
