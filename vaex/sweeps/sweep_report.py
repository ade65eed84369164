"""All that a report of a sweep says, before it is written anywhere."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from vaex.errors import InputError
from vaex.sweeps.cautions import words_of_caution
from vaex.sweeps.collection import Collection
from vaex.sweeps.command_line import command_of
from vaex.sweeps.comparisons import (
    Comparison,
    compare_all,
    compare_pair,
    compare_with,
    read_baseline,
)
from vaex.sweeps.groups import Group, MetricTable, tabulate
from vaex.sweeps.job import Job
from vaex.sweeps.job_state import JobState, state_of
from vaex.sweeps.metric import chosen_metrics
from vaex.sweeps.swept_keys import Key, Keys


class Best(NamedTuple):
    """The best configuration of those that can be compared.

    Attributes:
      group: the configuration.
      command: the line that trains it; several where one does not.
      lead: it minus the second best one; None where there is no other.
      condition: of the values, in words, where there are several kinds; else "".
    """

    group: Group
    command: str
    lead: Comparison | None
    condition: str


class SweepReport(NamedTuple):
    """Everything that is shown of a sweep.

    Attributes:
      collection: the jobs.
      keys: of their configurations.
      over: the keys whose values make a configuration.
      states: how far each job is.
      tables: one for each metric, the first one rules; none if no run is finished.
      bests: of the first metric, one for each kind of values.
      comparisons: of the first metric.
      has_baseline: whether these are with a baseline, or of every pair.
      level: of confidence of their intervals.
      cautions: sentences.
    """

    collection: Collection
    keys: Keys
    over: tuple[Key, ...]
    states: dict[Job, JobState]
    tables: tuple[MetricTable, ...]
    bests: tuple[Best, ...]
    comparisons: tuple[Comparison, ...]
    has_baseline: bool
    level: float
    cautions: tuple[str, ...]


def make_report(
    collection: Collection,
    *,
    metrics: Sequence[str] | None = None,
    over: Sequence[str] | None = None,
    baseline: Sequence[str] = (),
    level: float = 0.95,
    lower_is_better: bool | None = None,
) -> SweepReport:
    """Reads the runs, takes means over seeds, compares, and names the best.

    Args:
      collection: of jobs.
      metrics: names as for `read_metric`; None for ELBO, NLL, distortion and rate.
      over: keys; None for all that are swept, but the seed.
      baseline: words such as `beta=1` that every configuration is compared with;
        every pair is where there are none.
      level: of confidence.
      lower_is_better: of the first metric; None takes what is usual for it.

    Raises:
      InputError: for a metric, a key or a baseline that is not there.
    """
    keys = Keys(collection.runs)
    if not 0 < level < 1:
        raise InputError(f"--level must be between 0 and 1, got {level:g}; try 0.95")
    chosen = keys.over if over is None else tuple(keys.find(name) for name in over)
    chosen = tuple(dict.fromkeys(key for key in chosen if key.path != "seed"))
    names = chosen_metrics(keys.jobs, metrics)
    tables = tuple(
        tabulate(keys, chosen, name, lower_is_better=None if i else lower_is_better)
        for i, name in enumerate(names)
    )
    states = {job: state_of(job) for job in collection.jobs}
    values = read_baseline(keys, chosen, baseline)
    comparisons: Sequence[Comparison] = ()
    if tables:
        comparisons = (
            compare_with(tables[0], values, level)
            if values
            else compare_all(tables[0], level)
        )
    return SweepReport(
        collection=collection,
        keys=keys,
        over=chosen,
        states=states,
        tables=tables,
        bests=_bests(keys, tables[0], level) if tables else (),
        comparisons=tuple(comparisons),
        has_baseline=bool(values),
        level=level,
        cautions=(*_unfinished(states), *words_of_caution(keys, tables)),
    )


def _unfinished(states: dict[Job, JobState]) -> list[str]:
    """How many jobs are in no mean."""
    found = Counter(s.name for s in states.values() if s.name != "finished")
    if not found:
        return []
    listed = ", ".join(f"{count} {name}" for name, count in found.items())
    return [f"{sum(found.values())} of {len(states)} jobs are in no mean: {listed}"]


def _bests(keys: Keys, table: MetricTable, level: float) -> tuple[Best, ...]:
    found = []
    rankings = table.rankings
    for ranking in rankings:
        first, *others = ranking
        lead = compare_pair(first, others[0], level) if others else None
        (condition,) = first.conditions
        finished = [j for j in first.jobs if j.status.get("state") == "finished"]
        kind = f"prepared by {condition.preparation or 'nothing'}"
        command = command_of(keys, finished)
        found.append(Best(first, command, lead, kind * (len(rankings) > 1)))
    return tuple(found)
