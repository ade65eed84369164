"""Groups of jobs, trained in other processes: of this machine, or of a cluster."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from vaex.cli import _console
from vaex.cli._element import Element
from vaex.cli._group import Watch
from vaex.cli._here import Here, without_fresh
from vaex.cli._jobs import FAILED, Job
from vaex.cli._processes import find_cores, find_gpus, places, run_processes
from vaex.cli._submitting import run_submitted
from vaex.cli._taking import is_open
from vaex.errors import InputError
from vaex.io.sweep_record import SweepRecord
from vaex.sweeps.job_state import is_held

WHERE = ("here", "processes", "slurm", "local")


@dataclass(frozen=True)
class Options:
    """Of the launcher, hydra.launcher.NAME.

    Attributes:
      max_members: of one program at the most.
      where: groups are trained here, in processes of this machine, as jobs of Slurm,
        or of submitit's local executor.
      max_jobs: of one process at the most; None leaves a group whole, but for
        `processes`, which have as much to do each.
      processes: how many at a time, None for one on each GPU or core.
      timeout_min: of a job of Slurm.
      parameters: more of submitit's.
    """

    max_members: int | None = None
    where: str = "here"
    max_jobs: int | None = None
    processes: int | None = None
    timeout_min: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.where not in WHERE:
            raise InputError(
                f"hydra.launcher.where is one of {', '.join(WHERE)}, got {self.where!r}"
            )
        for name in ("max_members", "max_jobs", "processes", "timeout_min"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(
                    f"hydra.launcher.{name} must be a number above 0, or null, got "
                    f"{value}"
                )


def runner_of(options: Options, record: SweepRecord) -> "Here | Elsewhere":
    """What trains groups as the options say.

    Args:
      options: of the launcher.
      record: of the sweep; what other processes need lies beside it.
    """
    if options.where == "here":
        return Here(options.max_members)
    return Elsewhere(options, record)


class Elsewhere:
    """Sends groups to other processes, and reads in the run directories what became.

    Args:
      options: of the launcher.
      record: of the sweep.
    """

    def __init__(self, options: Options, record: SweepRecord):
        self._options, self._record = options, record

    def run(self, groups: Mapping[str, list[Job]], watch: Watch | None = None) -> None:
        """Runs jobs; each has its outcome afterwards.

        Args:
          groups: structure -> its jobs.
          watch: must be None.

        Raises:
          InputError: if the options cannot work.
          vaex.cli._signals.Interrupted: if told to stop.
        """
        where = self._options.where
        if watch is not None:
            raise InputError(
                f"hydra.launcher.where={where} trains in other processes, and a "
                "search's pruner stops jobs of this one only; add "
                "hydra.sweeper.pruner=none, or hydra.launcher.where=here"
            )
        waiting = [[job for job in jobs if is_open(job)] for jobs in groups.values()]
        parts = self._divided([jobs for jobs in waiting if jobs])
        if not parts:
            return
        folder = self._folder()
        told = _Told(parts, folder)
        several = "process" if len(parts) == 1 else "processes"
        _console.say(f"{sum(map(len, parts))} jobs go to {len(parts)} {several}")
        if where == "processes":
            among = places(self._count(len(parts)), find_cores(), find_gpus(os.environ))
            share = 1.0 if among[0].gpu else 1 / len(among)
            elements = self._elements(parts, folder, share)
            run_processes(elements, folder, among, told)
            return
        given = OmegaConf.create(dict(self._options.parameters))
        parameters: Any = OmegaConf.to_container(given, resolve=True)
        if self._options.timeout_min is not None:
            parameters["timeout_min"] = self._options.timeout_min
        share = 1 / len(parts) if where == "local" else 1.0  # all at the same time
        elements = self._elements(parts, folder, share)
        run_submitted(where, elements, folder, parameters, told)

    def _divided(self, groups: Sequence[list[Job]]) -> list[list[Job]]:
        """Jobs of one process each; no two structures in one."""
        most = self._options.max_jobs
        count = sum(map(len, groups))
        if most is None and self._options.where == "processes":
            most = -(-count // self._count(count)) if count else None
        most = most or max(count, 1)
        starts = [(jobs, n) for jobs in groups for n in range(0, len(jobs), most)]
        return [jobs[n : n + most] for jobs, n in starts]

    def _count(self, parts: int) -> int:
        """How many processes of this machine there are at a time."""
        found = len(find_gpus(os.environ)) or len(find_cores())
        return min(self._options.processes or found, parts)

    def _elements(
        self, parts: Sequence[list[Job]], folder: Path, share: float
    ) -> list[Element]:
        for job in (job for jobs in parts for job in jobs):
            job.config = without_fresh(job.config)
        most, here = self._options.max_members, os.getcwd()
        return [
            Element(tuple(jobs), here, reasons_file(folder, number), most, share)
            for number, jobs in enumerate(parts)
        ]

    def _folder(self) -> Path:
        """A new folder beside the sweep's record."""
        home = self._record.path.absolute() / "processes"
        number = 1
        while (folder := home / str(number)).exists():
            number += 1
        folder.mkdir(parents=True)
        return folder


class _Told:
    """Enters in jobs what became of them, when the process that had them has ended."""

    def __init__(self, parts: Sequence[list[Job]], folder: Path):
        self._parts, self._folder = parts, folder
        self._before = {j.run: j.directory.status() for jobs in parts for j in jobs}

    def __call__(self, number: int, how: str, log: Path) -> None:
        """An element has ended.

        Args:
          number: of the element.
          how: in words.
          log: what it printed.
        """
        jobs, file = self._parts[number], reasons_file(self._folder, number)
        reasons = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        for job in jobs:
            enter_outcome(job, self._before[job.run], f"{how}; see {log}")
            if job.state == "left" and str(job.number) in reasons:
                job.ends("failed", reasons[str(job.number)])
        done = sum(job.state == "finished" for job in jobs)
        _console.say(
            f"process {number + 1} of {len(self._parts)}: {done} of {len(jobs)} jobs "
            "finished"
        )


def reasons_file(folder: Path, number: int) -> Path:
    """Where an element tells why jobs failed whose directories do not tell it."""
    return folder / f"reasons-{number}.json"


def enter_outcome(job: Job, before: Mapping[str, Any], otherwise: str) -> None:
    """Enters in a job what its run directory says of it.

    Args:
      job: that another process had to do.
      before: its status when that process was asked.
      otherwise: why it is not done, where it tells of no end.
    """
    directory = job.directory
    status, results = directory.status(), directory.results()
    state = str(status.get("state", ""))
    if state == "finished" and results is not None:
        job.succeeds(results)
    elif is_held(job.run):
        holder = f"process {status.get('pid')} on {status.get('host')}"
        job.ends("elsewhere", f"{job.run} is in use by {holder}")
    elif state in (*FAILED, "skipped") and status != before:
        job.ends(state, str(status.get("reason", "")))
    else:
        own = str(status.get("reason", "")) if status != before else ""
        job.ends("left", own or otherwise)
