"""What a view of a run is: told what metrics.jsonl and results.json say."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class View:
    """A view of one run; every method may be left out, and may fail.

    metrics.jsonl and results.json are the truth. A view is told what stands there,
    in order and once (see `vaex.tracking.views.Views`), by the process that trains,
    between chunks: what takes long belongs into a thread. An exception ends the view
    for that attempt, never the run; the next attempt tells it what it missed.

    A view of one's own is a subclass, chosen with
    `tracking=custom tracking.custom._target_=my_lab.views.Mine`; options are
    arguments of its constructor, which imports no tracker and opens nothing.

    >>> class Printed(View):
    ...     def row(self, row):
    ...         print(row["split"], row["step"], row["loss"])
    >>> Printed().row({"step": 10, "epoch": 0.5, "split": "train", "loss": 3.0})
    train 10 3.0
    """

    def needs(self) -> tuple[str, ...]:
        """Modules that must be there to import; refused before the run where not."""
        return ()

    def start(self, config: Mapping[str, Any], folder: Path, known: str | None) -> str:
        """Opens the view at the begin of an attempt.

        Args:
          config: resolved, as in config.json.
          folder: the run directory.
          known: what `start` gave at an earlier attempt of this run; None at the
            first.

        Returns:
          What the run is called in the tracker, kept for the next attempt.
        """
        return folder.name

    def row(self, row: Mapping[str, Any]) -> None:
        """One row of metrics.jsonl.

        Args:
          row: `step`, `epoch`, `split` ("train" or a held-out split), and values in
            nats where they are densities; None where a value was not finite.
        """

    def flush(self) -> None:
        """After some rows: sends what is buffered; they count as told on return."""

    def figure(self, name: str, path: Path) -> None:
        """A figure, drawn and saved as PNG at `path`."""

    def results(self, results: Mapping[str, Any]) -> None:
        """The final results, as in results.json."""

    def stop(self, state: str) -> None:
        """Closes the view.

        Args:
          state: "finished", "failed", "diverged" or "interrupted", as in status.json.
        """


def values_of(row: Mapping[str, Any]) -> dict[str, float]:
    """The finite values of a row, each named after its split.

    >>> values_of({"step": 1, "epoch": 0.5, "split": "train", "elbo": -9.0, "a": None})
    {'train/elbo': -9.0}
    """
    about = ("step", "epoch", "split")
    values = {k: v for k, v in row.items() if k not in about}
    return {f"{row['split']}/{k}": v for k, v in _numbers(values).items()}


def values_of_results(results: Mapping[str, Any]) -> dict[str, float]:
    """Final estimates and their standard errors, named after the split.

    >>> elbo = {"value": -98.5, "se": 0.25, "unit": "nats"}
    >>> values_of_results({"split": "test", "num_examples": 360, "elbo": elbo})
    {'results/test/elbo': -98.5, 'results/test/elbo_se': 0.25}
    """
    found = {}
    for name, entry in results.items():
        if isinstance(entry, Mapping) and "value" in entry:
            pair = {name: entry["value"], f"{name}_se": entry.get("se")}
            found |= {f"results/{results['split']}/{k}": v for k, v in pair.items()}
    return _numbers(found)


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Those that are finite numbers."""
    kept = {}
    for name, value in values.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and value - value == 0:
            kept[name] = float(value)
    return kept
