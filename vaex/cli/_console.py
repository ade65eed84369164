"""What is printed: plain words, a table of results, and where things are."""

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flax.linen as nn
import numpy as np
from rich.console import Console
from rich.table import Table

from vaex.io.run_directory import RunDirectory

ROWS = {
    "elbo": "ELBO",
    "nll": "NLL",
    "bits_per_dim": "bits/dim",
    "distortion": "distortion",
    "reconstruction_loss": "reconstruction loss",
    "rate": "rate",
    "active_units": "active units",
    "mutual_information": "I(x; z)",
    "marginal_kl": "KL(q(z) || p(z))",
    "shuffle_gap": "cost of another's z",
    "scale_at_floor": "scale at its floor",
}

HEALTH = ("mutual_information", "marginal_kl", "shuffle_gap", "scale_at_floor")
"""Rows that are left out where there is no value."""


def say(text: str) -> None:
    """Prints a line as it is."""
    print(text, flush=True)


def show_results(results: dict[str, Any]) -> None:
    """Prints the table of results: value, standard error, unit."""
    title = f"{results['split']} split, {results['num_examples']} examples"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("s.e.", justify="right")
    table.add_column("unit")
    for key, label in ROWS.items():
        if key not in results:
            continue
        row = results[key]
        if key == "nll":
            label = f"NLL, {row['num_samples']} importance samples"
        if isinstance(row.get("by_layer"), dict):  # older runs have a list
            counts = " + ".join(f"{n} {name}" for name, n in row["by_layer"].items())
            label += f", {counts}"
        if row.get("is_saturated"):
            label += ", at least" if "ceiling" in row else ", at most"
        if row["value"] is None and key in HEALTH:
            continue
        if row["value"] is None:
            table.add_row(label, "-", "-", row["reason"])
            continue
        whole = isinstance(row["value"], int)
        value = f"{row['value']}" if whole else f"{row['value']:.3f}"
        if "interval" in row:  # the value alone would say too much
            value = " to ".join(f"{end:.3f}" for end in row["interval"])
        se = "-" if row["se"] is None else f"{row['se']:.3f}"
        unit = f"of {row['of']}" if "of" in row else row["unit"]
        table.add_row(label, value, se, unit)
    Console(width=None if _is_terminal() else 100).print(table)
    for sentence in results.get("verdict", []):
        say(sentence)
    if "training" in results:
        t = results["training"]
        say(
            f"{t['examples']:,} examples in {t['seconds']:.1f} s "
            f"({t['examples_per_second']:,.0f} examples/s with compilation)"
        )


def show_jobs(jobs: Sequence[Any]) -> None:
    """Prints what became of the jobs of a sweep: `vaex.cli._jobs.Job`s."""
    if not jobs:
        return
    table = Table(title=f"{len(jobs)} jobs", title_justify="left")
    table.add_column("job", justify="right")
    table.add_column("")
    table.add_column("ELBO", justify="right")
    table.add_column("NLL", justify="right")
    table.add_column("state")
    table.add_column("run", overflow="fold")
    shared = set.intersection(*(set(job.overrides) for job in jobs))
    shared = shared if len(jobs) > 1 else set()
    for job in jobs:
        own = " ".join(_short_word(w) for w in job.overrides if w not in shared)
        results = job.results or {}
        numbers = [results.get(k, {}).get("value") for k in ("elbo", "nll")]
        shown = ["-" if value is None else f"{value:.3f}" for value in numbers]
        table.add_row(str(job.number), own, *shown, job.state, job.run.name)
    Console(width=None if _is_terminal() else 120).print(table)


def _short_word(word: str) -> str:
    """An override with six digits of a number that has many.

    >>> _short_word("k=0.018603690898249"), _short_word("seed=1234567890")
    ('k=0.0186037', 'seed=1234567890')
    """
    key, _, value = word.partition("=")
    if re.fullmatch(r"-?\d*\.\d{7,}(e-?\d+)?", value):
        return f"{key}={float(value):.6g}"
    return word


def show_comparison(title: str, rows: Sequence[Any]) -> None:
    """Prints reference values beside ours: rows of `vaex.cli._reproduction.Row`."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in ("reference", "ours"):  # the source says whose
        table.add_column(name, justify="right")
    for name in ("tolerance", "", "source"):
        table.add_column(name)
    for row in rows:
        verdict = "pass" if row.passed else "FAIL"
        value, ours = f"{row.value:g}", f"{row.ours:.5g}"
        if row.error is not None:
            ours += f" +- {row.error:.2g}"
        table.add_row(row.name, value, ours, row.rule, verdict, row.source)
    Console(width=None if _is_terminal() else 100).print(table)


def show_paths(directory: RunDirectory) -> None:
    """Prints where the run and its figures are, and what to do next."""
    folder = _short(directory.path)
    say(f"run      {folder}")
    figures = directory.path / "figures"
    if figures.is_dir():
        names = ", ".join(p.name for p in sorted(figures.glob("*.png")))
        say(f"figures  {_short(figures)}: {names}")
    say(f"next     vaex evaluate {folder} --num-samples 1000")


def describe(part: Any) -> str:
    """A part with its small arguments, as it would be written.

    >>> from vaex.likelihoods.gaussian import Gaussian
    >>> describe(Gaussian(event_shape=(3,)))
    'Gaussian(event_shape=(3,), min_scale=0.001)'
    """
    if not dataclasses.is_dataclass(part):
        return type(part).__name__
    shown = []
    for field in dataclasses.fields(part):
        value = getattr(part, field.name, None)
        skip = field.name in ("parent", "name") or isinstance(
            value, np.ndarray | nn.Module
        )
        if not skip:
            shown.append(f"{field.name}={value!r}")
    return f"{type(part).__name__}({', '.join(shown)})"


def _short(path: Path) -> str:
    """Relative to the working directory where that is shorter."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _is_terminal() -> bool:
    return Console().is_terminal
