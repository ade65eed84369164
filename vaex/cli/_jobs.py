"""The jobs of a sweep: what each is, and what became of it."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vaex.errors import NotSaved, RunError, Unfit
from vaex.io.run_directory import RunDirectory

FAILED = ("failed", "diverged")
"""States of a run that ended by itself without results."""

DONE = ("finished", "finished before", "pruned")
"""States of a job that need no more work."""


class JobFailed(RunError):
    """A job without results, as a process tells another.

    Args:
      state: as of a `Job`.
      reason: in words.
    """

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(state, reason)  # both, for pickle
        self.state, self.reason = state, reason

    def __str__(self) -> str:
        """The reason."""
        return self.reason


@dataclass
class Job:
    """One job of a sweep.

    Attributes:
      number: of the job in its sweep.
      overrides: its words.
      config: resolved; {} where it cannot be.
      run: its run directory.
      state: waiting, finished, finished before, failed, failed before, diverged,
        skipped (parts do not fit), pruned, elsewhere (another process is at it), left
        (the process that had it has ended, or the disk was full).
      reason: why it has no results, in words.
      results: as in `results.json`.
    """

    number: int
    overrides: tuple[str, ...]
    config: dict[str, Any] = field(default_factory=dict)
    run: Path = Path()
    state: str = "waiting"
    reason: str = ""
    results: dict[str, Any] | None = None

    @property
    def directory(self) -> RunDirectory:
        """Of its run."""
        return RunDirectory(self.run)

    @property
    def words(self) -> str:
        """Its overrides in one line."""
        return " ".join(self.overrides)

    @property
    def value(self) -> float | None:
        """The ELBO of its results, None where there is none."""
        return None if self.results is None else self.results["elbo"]["value"]

    def ends(self, state: str, reason: str = "") -> None:
        """Enters what became of it."""
        self.state, self.reason = state, reason

    def fails(self, error: BaseException) -> None:
        """Enters why it failed, or that its parts do not fit."""
        from omegaconf.errors import MissingMandatoryValue

        from vaex.cli._messages import explain

        known = None if self.run == Path() else self.directory.status().get("state")
        state = known if known in FAILED else "failed"
        if isinstance(error, Unfit | MissingMandatoryValue):
            state = "skipped"
        if isinstance(error, NotSaved):
            state = "left"
        reason = None
        if isinstance(error, Exception):
            reason = explain(error)
        self.ends(state, reason or f"{type(error).__name__}: {error}")

    def answers(self, answer: Any) -> None:
        """Enters Hydra's JobReturn of a job that another process ran."""
        try:
            answer.return_value  # noqa: B018 -- raises what the job raised
        except JobFailed as error:
            self.ends(error.state, error.reason)
        except Exception as error:
            self.fails(error)
        else:
            results = self.directory.results()
            if results is None:
                self.ends("left", f"{self.run} is not on a disk of this machine")
            else:
                self.succeeds(results)

    def succeeds(self, results: dict[str, Any], state: str = "finished") -> None:
        """Enters its results."""
        self.results = results
        self.ends(state)

    def copies(self, other: "Job") -> None:
        """Takes over what became of another job with the same run."""
        own = {"number": self.number, "overrides": self.overrides}
        for name, value in vars(dataclasses.replace(other, **own)).items():
            setattr(self, name, value)
