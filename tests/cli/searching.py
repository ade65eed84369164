"""A search without training: what its jobs leave is computed from their words."""

import contextlib
import csv
import io
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf


@pytest.fixture
def fast_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for the disk after each line of the journal."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


Objective = Callable[[Mapping[str, str]], Any]


def numbers(params: Mapping[str, str]) -> dict[str, float]:
    """The values of a job that are numbers."""
    found = {}
    for key, value in params.items():
        with contextlib.suppress(ValueError):
            found[key] = float(value)
    return found


def bowl(params: Mapping[str, str]) -> float:
    """-(a - 1)^2 - (b + 2)^2: at its best 0, at a = 1 and b = -2."""
    at = numbers(params)
    return -((at["a"] - 1) ** 2) - (at.get("b", -2.0) + 2) ** 2


class Launcher:
    """Hydra's protocol; the objective gives the held-out ELBO, or a status and reason.

    Args:
      root: of the run directories.
      objective: of the words of a job.
      stop_at: the job, counted over all batches, at which the process "is killed".
    """

    def __init__(self, root: Path, objective: Objective, stop_at: int | None = None):
        self.root, self.objective, self.stop_at = root, objective, stop_at
        self.launched: list[tuple[str, ...]] = []
        self.batches: list[int] = []
        self.first: list[int] = []

    def launch(self, job_overrides, initial_job_idx):
        self.batches.append(len(job_overrides))
        self.first.append(initial_job_idx)
        return [self._job(i, words) for i, words in enumerate(job_overrides)]

    def _job(self, index: int, words: list[str]) -> JobReturn:
        if self.stop_at == len(self.launched):
            raise KeyboardInterrupt
        self.launched.append(tuple(words))
        folder = self.root / f"run-{abs(hash(tuple(words)))}"
        folder.mkdir(parents=True, exist_ok=True)
        params = dict(word.split("=", 1) for word in words if "=" in word)
        record = self.files(index, params)
        for name, content in record.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / name).write_text(text)
        place = {"hydra": {"runtime": {"output_dir": str(folder)}}}
        config = OmegaConf.create(place)
        return JobReturn(overrides=words, hydra_cfg=config, status=JobStatus.COMPLETED)

    def files(self, index: int, params: Mapping[str, str]) -> dict[str, Any]:
        """Files of the run."""
        found = self.objective(params)
        if isinstance(found, tuple):
            return {"status.json": {"state": found[0], "reason": found[1]}}
        if isinstance(found, dict):
            return {"status.json": {"state": "finished"}} | found
        results = {"split": "test", "elbo": {"value": found}}
        return {"status.json": {"state": "finished"}, "results.json": results}


class WatchedLauncher(Launcher):
    """Trains step by step: at look s of 9 the score is the objective minus 9 - s."""

    watch: Any = None
    looks = range(10, 100, 10)

    def files(self, index, params):
        value = self.objective(params)
        for step in self.looks:
            if self.watch and self.watch(index, step, value - 9 + step / 10):
                return {"status.json": {"state": "pruned"}}
        return super().files(index, params)


class Loader:
    """Hydra's config loader, as far as a search asks it."""

    def __init__(self) -> None:
        self.composed: list[list[str]] = []

    def load_sweep_config(self, config, words):
        self.composed.append(words)
        if any("typo" in word for word in words):
            raise ConfigCompositionException("no such typo")

    def get_group_options(self, group, results_filter=None):
        return ["bernoulli", "beta", "gaussian"]


class Found(NamedTuple):
    """What a search left.

    Attributes:
      trials: rows of trials.csv.
      folder: of the study.
      out: what was printed.
      launcher: that ran it.
    """

    trials: list[dict[str, str]]
    folder: Path
    out: str
    launcher: Launcher

    def params(self, *keys: str) -> list[tuple[str, ...]]:
        """Of every trial the values of some keys."""
        return [tuple(row[key] for key in keys) for row in self.trials]

    def values(self, metric: str = "held_out.elbo") -> list[float]:
        """Of the trials that are complete."""
        return [float(r[metric]) for r in self.trials if r["state"] == "complete"]


def run_search(
    root: Path,
    *words: str,
    launcher: Launcher | None = None,
    objective: Objective = bowl,
    figures: bool = False,
    where: str = "here",
    **options: Any,
) -> Found:
    """Runs a search of the words, with the keys of `hydra.sweeper` as arguments."""
    from vaex.cli._search import search

    launcher = launcher or Launcher(root, objective)
    config = OmegaConf.create(
        {
            "run": {"figures": figures},
            "hydra": {
                "sweeper": options,
                "launcher": {"where": where},
                "sweep": {"dir": str(root)},
                "overrides": {"hydra": ["hydra/sweeper=optuna", "hydra.mode=MULTIRUN"]},
            },
        }
    )
    with contextlib.redirect_stdout(io.StringIO()) as out:
        search(words, launcher, config, Loader())  # pyright: ignore
    (folder,) = (root / "sweeps").iterdir()
    rows = list(csv.DictReader(io.StringIO((folder / "trials.csv").read_text())))
    return Found(rows, folder, out.getvalue(), launcher)
