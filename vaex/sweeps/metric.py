"""One number of a finished run: from its results, or from its metrics."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from vaex.errors import InputError
from vaex.sweeps.job import Job

LOWER_IS_BETTER = (
    "nll bits_per_dim distortion loss reconstruction_loss seconds gradient_norm "
    "marginal_kl scale_at_floor skipped"
).split()

DEFAULTS = ("elbo", "nll", "distortion", "rate", "reconstruction_loss")
"""Metrics of a report, where the runs have them."""

LABELS = {
    "elbo": "ELBO",
    "nll": "NLL",
    "bits_per_dim": "bits/dim",
    "mutual_information": "I(x; z)",
    "marginal_kl": "KL(q(z) || p(z))",
}


class Conditions(NamedTuple):
    """What must be equal for two values of a metric to be compared.

    Attributes:
      data: checksum of the data.
      preparation: of the data; it is what x is.
      split: of the data.
      unit: such as nats/example.
      num_samples: importance samples of an estimate, None where it has none.
    """

    data: str
    preparation: str
    split: str
    unit: str
    num_samples: int | None


class Reading(NamedTuple):
    """A metric of one run.

    Attributes:
      value: None where the run has none.
      se: standard error over the examples of the split, None where it is not known.
      conditions: of the value.
      reason: why there is no value.
    """

    value: float | None
    se: float | None
    conditions: Conditions
    reason: str = ""


def read_metric(job: Job, name: str) -> Reading:
    """A metric of a finished run.

    Args:
      job: the run.
      name: dotted path in results.json (`elbo`, `rate_per_group.z0`,
        `training.seconds`), or a column of metrics.jsonl, of which the last value
        counts, of held-out data where there is one.
    """
    if job.status.get("state") != "finished":
        return Reading(None, None, _conditions(job, {}), "not finished")
    found = _results(job, name.removesuffix(".value"))
    if found is not None:
        se = found.get("se")
        reason = str(found.get("reason", "no value")) if found["value"] is None else ""
        return Reading(found["value"], se, _conditions(job, found), reason)
    rows = [row for row in job.rows if row.get(name) is not None]
    held_out = [row for row in rows if row.get("split") != "train"]
    for row in reversed(held_out or rows):
        facts = {"unit": _unit(name), "split": row.get("split", "train")}
        return Reading(float(row[name]), None, _conditions(job, facts))
    return Reading(None, None, _conditions(job, {}), f"no {name}")


def available(jobs: Sequence[Job]) -> list[str]:
    """Names of the metrics that any of the runs has."""
    names: dict[str, None] = {}
    for job in jobs:
        names |= dict.fromkeys(_paths(job.results, ""))
    for job in jobs:
        columns = {name for row in job.rows for name in row}
        names |= dict.fromkeys(sorted(columns - {"step", "epoch", "split"}))
    return list(names)


def chosen_metrics(jobs: Sequence[Job], names: Sequence[str] | None) -> list[str]:
    """The metrics that are asked for, or those of `DEFAULTS` that the runs have.

    Raises:
      InputError: if no finished run has one that is asked for.
    """

    def is_there(name: str) -> bool:
        return any(read_metric(job, name).value is not None for job in jobs)

    if not names:
        return [name for name in DEFAULTS if is_there(name)]
    for name in names:
        if not is_there(name) and any(
            j.status.get("state") == "finished" for j in jobs
        ):
            there = [other for other in available(jobs) if is_there(other)]
            raise InputError(
                f"--metric {name}: no finished run has it; there are: "
                f"{', '.join(there[:30])}{' ...' * (len(there) > 30)}"
            )
    return list(dict.fromkeys(name.removesuffix(".value") for name in names))


def is_lower_better(name: str) -> bool:
    """Whether the best value of a metric is the lowest one.

    >>> is_lower_better("nll"), is_lower_better("elbo")
    (True, False)
    """
    return any(part in LOWER_IS_BETTER for part in name.replace("/", ".").split("."))


def label_of(name: str) -> str:
    """A metric's name for people.

    >>> label_of("elbo"), label_of("training.seconds")
    ('ELBO', 'training.seconds')
    """
    return LABELS.get(name, name)


def readable_unit(unit: str) -> str:
    """A unit as it is written out.

    >>> readable_unit("nats/example")
    'nats per example'
    """
    return unit.replace("/example", " per example")


def _results(job: Job, name: str) -> dict[str, Any] | None:
    node: Any = job.results
    for part in name.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    if isinstance(node, Mapping):
        return {**node} if "value" in node else None
    if isinstance(node, bool) or not isinstance(node, int | float | None):
        return None
    if isinstance(node, float) and not math.isfinite(node):
        return None
    return {"value": node, "unit": _unit(name)}


def _unit(name: str) -> str:
    """The unit of what has none written beside it."""
    last = name.replace("/", ".").split(".")
    if last[-1] in ("elbo", "distortion", "rate", "nll") or last[0] in (
        "rate_per_group",
        "kl",
    ):
        return "nats/example"
    return {"seconds": "s", "examples_per_second": "examples/s"}.get(last[-1], "")


def _conditions(job: Job, found: Mapping[str, Any]) -> Conditions:
    return Conditions(
        str(job.status.get("data", {}).get("checksum", "")),
        str(job.status.get("preparation", "")),
        str(found.get("split", job.results.get("split", ""))),
        str(found.get("unit", "")),
        found.get("num_samples"),
    )


def _paths(node: Any, path: str) -> Iterator[str]:
    if not isinstance(node, Mapping):
        if isinstance(node, int | float) and not isinstance(node, bool):
            yield path
    elif "value" in node:
        yield path
    else:
        for key, value in node.items():
            yield from _paths(value, f"{path}.{key}" if path else str(key))
