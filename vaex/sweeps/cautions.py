"""What a reader of the numbers should be warned of."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from vaex.sweeps.groups import MetricTable
from vaex.sweeps.job import Job
from vaex.sweeps.metric import Conditions, label_of, read_metric
from vaex.sweeps.swept_keys import SEED, Keys

WORDS = {
    "data": "data",
    "preparation": "preparations",
    "split": "splits",
    "unit": "units",
    "num_samples": "numbers of importance samples",
}


def words_of_caution(keys: Keys, tables: Sequence[MetricTable]) -> list[str]:
    """Sentences about values that cannot be compared, are lacking, or count twice.

    Args:
      keys: of the runs.
      tables: of the metrics; what holds of several is said once.
    """
    found: dict[str, list[str]] = {}
    for table in tables:
        for text in _about(keys, table):
            found.setdefault(text, []).append(label_of(table.metric))
    return [f"{', '.join(labels)}: {text}" for text, labels in found.items()]


def _about(keys: Keys, table: MetricTable) -> list[str]:
    readings = [(job, read_metric(job, table.metric)) for job in keys.jobs]
    known = [(job, reading) for job, reading in readings if reading.value is not None]
    found = _differing(known)
    for reason, count in Counter(
        r.reason for _, r in readings if r.value is None and r.reason != "not finished"
    ).items():
        found.append(f"{count} of {len(readings)} runs have none ({reason})")
    found += _repeated(keys, [job for job, _ in known])
    if table.averaged:
        names = ", ".join(key.name for key in table.averaged)
        found.append(f"means are over {names}, too, within each seed")
        groups = [group for group in table.groups if group.cells]
        rests = {frozenset(rest for rest, _ in group.cells) for group in groups}
        if len(rests) > 1:
            found.append(
                f"means over {names} are of other values of it in other rows, as runs "
                "are lacking; comparisons are of what both sides have"
            )
    counts = {group.estimate.n for group in table.groups if group.estimate.n}
    if len(counts) > 1:
        found.append(
            f"means are over {min(counts)} to {max(counts)} seeds; "
            "comparisons are of the seeds that both sides have"
        )
    return found


def _differing(known: Sequence[tuple[Job, Any]]) -> list[str]:
    found = []
    for field in Conditions._fields:
        counts = Counter(getattr(r.conditions, field) for _, r in known)
        if len(counts) < 2:
            continue
        names = {
            getattr(r.conditions, field): job.status.get("data", {}).get("name", "?")
            for job, r in known
        }
        parts = [
            f"{f'{names[v]} {v[:8]}' if field == 'data' else v or 'none'} ({n} runs)"
            for v, n in counts.items()
        ]
        found.append(
            f"different {WORDS[field]}: {', '.join(parts)}; "
            "they are not compared with each other"
        )
    return found


def _repeated(keys: Keys, jobs: Sequence[Job]) -> list[str]:
    every = [*keys.over, SEED]
    cells = Counter(tuple(keys.value(job, key) for key in every) for job in jobs)
    extra = sum(count - 1 for count in cells.values())
    if not extra:
        return []
    return [
        f"{extra} of {len(jobs)} runs have the keys and the seed of another one; they "
        "are averaged and count once"
    ]
