"""The jobs of a folder: a sweep's by its record, or the run directories below it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vaex.errors import InputError
from vaex.io.sweep_record import FOLDER, NAME, SweepRecord
from vaex.sweeps.job import Job

DEPTH = 3
"""Levels below the folder at which run directories are looked for."""


@dataclass(frozen=True)
class Collection:
    """Jobs that are looked at together.

    Attributes:
      path: the folder of the sweep, or the one that holds the run directories.
      line: words of the sweep's command line; None where there is no record.
      jobs: each run directory or job once, in the order of numbers or names.
      hints: what a reader should know, one sentence each.
    """

    path: Path
    line: tuple[str, ...] | None
    jobs: tuple[Job, ...]
    hints: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.resolve().name

    @property
    def runs(self) -> tuple[Job, ...]:
        """Jobs with one for each run directory: equal jobs share theirs."""
        return tuple({job.folder: job for job in reversed(self.jobs)}.values())[::-1]


def collect(path: str | Path) -> Collection:
    """The jobs of a folder.

    A folder with `sweep.json` is a sweep. Of a root of runs (or of a folder that holds
    `runs/`) it is the only sweep in `sweeps/`; where there are several, or none, it is
    all run directories below it.

    Args:
      path: folder.

    Raises:
      InputError: if there is no sweep and no run, or a record is damaged.
    """
    folder = Path(path)
    if (folder / NAME).is_file():
        return _of_record(SweepRecord(folder))
    if (folder / "config.json").is_file():
        raise InputError(
            f"{path} is a single run; give the folder of its sweep, or the one that "
            f"holds several runs, such as {folder.parent}"
        )
    for root, depth in ((folder, 1), (folder / "runs", 1), (folder, DEPTH)):
        sweeps = sorted(file.parent for file in root.glob(f"{FOLDER}/*/{NAME}"))
        if len(sweeps) == 1:
            return _of_record(SweepRecord(sweeps[0]))
        if sweeps or any(_run_directories(root, depth)):
            runs = tuple(Job(run) for run in _run_directories(root, DEPTH))
            found = "".join(f"\n  {sweep}" for sweep in sweeps)
            hint = f"these are all runs below {root}; sweeps in it:{found}"
            return Collection(root, None, runs, (hint,) if sweeps else ())
    raise InputError(
        f"{path} holds no sweep and no run: {_lack(folder)}; give the folder that "
        "`vaex train -m` wrote to (runs/ unless run.root says otherwise)"
    )


def _of_record(record: SweepRecord) -> Collection:
    jobs = tuple(Job(job.run, job.number, job.overrides) for job in record.jobs())
    if not jobs:
        raise InputError(f"{record.file} lists no jobs; run its line again")
    shared = len(jobs) - len({job.folder for job in jobs})
    hint = f"{shared} of {len(jobs)} jobs are the same run as another one"
    return Collection(
        record.path, tuple(record.line()), jobs, (hint,) if shared else ()
    )


def _run_directories(folder: Path, depth: int) -> Iterator[Path]:
    """Run directories below a folder; not those that `run.fresh=true` moved aside."""
    for child in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not child.is_dir() or child.name.startswith("."):
            continue
        if (child / "config.json").is_file() or (child / "status.json").is_file():
            aside = re.fullmatch(r"(.+)\.\d+", child.name)
            if not (aside and child.with_name(aside[1]).is_dir()):
                yield child
        elif depth > 1:
            yield from _run_directories(child, depth - 1)


def _lack(folder: Path) -> str:
    if not folder.exists():
        return "it does not exist"
    return f"there is neither {NAME} nor a folder with config.json in it"
