"""Several runs on the same examples: what must be equal, and what each gives."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vaex.cli._evaluate import Estimator
from vaex.errors import InputError
from vaex.evaluation.estimates import estimate
from vaex.evaluation.units import observed_elements
from vaex.io.load import LoadedRun, load_run
from vaex.io.structure import structure_of
from vaex.sweeps.job import Job
from vaex.sweeps.paired_runs import RunValues
from vaex.sweeps.swept_keys import Keys, shown

UNITS = {
    "elbo": "nats/example",
    "nll": "nats/example",
    "bits_per_dim": "bits/dim",
    "distortion": "nats/example",
    "rate": "nats/example",
}

SOURCES = {"elbo", "log_px", "distortion", "rate"}
"""Estimates that these are made of."""


class Measured(NamedTuple):
    """Runs with their values of every example.

    Attributes:
      runs: in the order in which they were given.
      metrics: names of those that all runs have.
      num_samples: K of the NLL.
      facts: of the split, for the record.
    """

    runs: list[RunValues]
    metrics: list[str]
    num_samples: int
    facts: dict[str, Any]


def measure_runs(
    paths: Sequence[str],
    split: str,
    num_samples: int | None,
    progress: Callable[[int, str], Any],
) -> Measured:
    """Estimates of every example of a split by each run.

    All draw by the key of the first run's seed, so that x that are drawn (binarised or
    dequantised) are the same for all, and so is K.

    Args:
      paths: of run directories, two or more.
      split: of the data.
      num_samples: K; None takes what the runs were configured with.
      progress: (total, label) -> a context with `update(done)`.

    Raises:
      InputError: if the runs are not of the same examples, with the difference.
    """
    folders = [Path(path).resolve() for path in paths]
    for path, folder in zip(paths, folders, strict=True):
        if folders.count(folder) > 1:
            raise InputError(f"{path} is given more than once; compare different runs")
    runs = _loaded(paths, split)
    num_samples = num_samples or _common_samples(paths, runs)
    labels = _configurations(folders)
    cells = [
        (label, run.config["seed"]) for label, run in zip(labels, runs, strict=True)
    ]
    for path, (label, seed) in zip(paths, cells, strict=True):
        if cells.count((label, seed)) > 1:
            raise InputError(
                f"{path} has the configuration and the seed of another of these runs "
                f"({label}, seed {seed}); leave one of them out"
            )
    first = Estimator.of(runs[0].parts, runs[0].config)
    found, programs = [], {}
    for run, folder, label in zip(runs, folders, labels, strict=True):
        data = run.parts.dataset.splits[split]
        kind = structure_of(run.config)
        own = Estimator.of(run.parts, run.config, programs.get(kind))
        programs[kind] = own.programs
        with progress(len(data["x"]), f"estimating {folder.name}") as bar:
            estimates = estimate(
                own.programs.estimate,
                run.variables,
                first.key,
                data,
                num_samples=num_samples,
                block_size=own.block_size,
                on_block=bar.update,
            )
        values = example_values(run, estimates, data.get("mask"))
        for name, of_examples in values.items():
            bad = np.flatnonzero(~np.isfinite(of_examples))
            if len(bad):
                raise InputError(
                    f"{folder.name}: {name} is not finite for {len(bad)} of "
                    f"{len(of_examples)} examples, the first is row {bad[0]} of the "
                    f"split {split!r}; leave this run out"
                )
        found.append(RunValues(folder.name, label, run.config["seed"], values))
    metrics = [name for name in UNITS if all(name in run.values for run in found)]
    if not metrics:
        raise InputError(
            "these runs have no metric in common: comparisons are of "
            f"{', '.join(UNITS)}, which a loss without a density lacks"
        )
    dataset = runs[0].parts.dataset
    facts = {
        "data": dataset.name,
        "split": split,
        "num_examples": len(dataset.splits[split]["x"]),
        "num_samples": num_samples,
        "runs": [
            {"name": run.name, "configuration": run.configuration, "seed": run.seed}
            for run in found
        ],
    }
    return Measured(found, metrics, num_samples, facts)


def example_values(
    run: LoadedRun, found: dict[str, Any], mask: Any = None
) -> dict[str, np.ndarray]:
    """Metric -> [N] float64 of a run's per-example estimates, in data units.

    Args:
      run: that they are of.
      found: the estimates.
      mask: [N, *E] of the examples, None if everything is observed.
    """
    preparation, head = run.parts.preparation, run.parts.likelihood
    log_det = preparation.log_det_of(mask)
    known = {
        name: np.asarray(found[name], np.float64) for name in SOURCES & found.keys()
    }
    values = {}
    if "elbo" in known:
        values["elbo"] = known["elbo"] + log_det
    if "log_px" in known:
        values["nll"] = -(known["log_px"] + log_det)
    if "distortion" in known:
        values["distortion"] = known["distortion"] - log_det
    if "rate" in known:
        values["rate"] = known["rate"].sum(-1)
    is_discrete = head.support.is_discrete or preparation.dequantizes
    if "nll" in values and is_discrete:
        size = observed_elements(mask, run.parts.dataset.event_shape)
        values["bits_per_dim"] = values["nll"] / (size * np.log(2.0))
    return values


def _loaded(paths: Sequence[str], split: str) -> list[LoadedRun]:
    """The runs, which share the first one's data: only one copy is held."""
    first = load_run(paths[0])
    splits = list(first.parts.dataset.splits)
    if split not in splits:
        raise InputError(
            f"--split must be one of {splits} of {paths[0]}, got {split!r}"
        )
    runs = [first]
    for path in paths[1:]:
        run = load_run(path)
        _check_same_examples(paths[0], first, path, run)
        shared = replace(run.parts, dataset=first.parts.dataset)
        runs.append(replace(run, parts=shared))
    return runs


def _check_same_examples(
    one: str, first: LoadedRun, other: str, run: LoadedRun
) -> None:
    pairs = zip(_facts(first), _facts(run), strict=True)
    differs = [
        f"{name} {ours} and {theirs}"
        for (name, ours), (_, theirs) in pairs
        if ours != theirs
    ]
    if differs:
        raise InputError(
            f"{one} and {other} are not of the same examples: "
            f"{'; '.join(differs)}; their numbers cannot be compared"
        )


def _facts(run: LoadedRun) -> list[tuple[str, str]]:
    dataset, status = run.parts.dataset, run.directory.status()
    return [
        ("data", f"{dataset.name} ({dataset.checksum[:8]})"),
        ("preparation", str(status.get("preparation", ""))),
        ("shape of an example", str(tuple(dataset.event_shape))),
    ]


def _common_samples(paths: Sequence[str], runs: Sequence[LoadedRun]) -> int:
    sizes = [run.config["evaluation"]["num_samples"] for run in runs]
    for (one, size), (other, another) in pairwise(zip(paths, sizes, strict=True)):
        if size != another:
            raise InputError(
                f"evaluation.num_samples is {size} in {one} and {another} in {other}; "
                "give --num-samples, one for all"
            )
    return sizes[0]


def _configurations(folders: Sequence[Path]) -> list[str]:
    """What runs are besides their seeds, in the words of the keys that differ."""
    jobs = [Job(folder) for folder in folders]
    keys = Keys(jobs)
    swept = keys.over
    if not swept:  # nothing but the seed: each is one of its own
        return [f"seed={job.seed}" for job in jobs]
    return [
        " ".join(f"{key.name}={shown(keys.value(job, key))}" for key in swept)
        for job in jobs
    ]
