"""The record of a sweep: which jobs its line stands for, and where their runs are."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from vaex.errors import InputError
from vaex.io.atomic import write_json
from vaex.io.run_identity import RUN_ONLY, RUN_ONLY_KEYS

FOLDER = "sweeps"
"""Folder of the sweeps, inside of the root of the runs."""

NAME = "sweep.json"


class SweepJob(NamedTuple):
    """One job of a sweep.

    Attributes:
      number: of the job; no two of a sweep have the same.
      overrides: words of the job's own configuration.
      run: folder of its run directory; jobs of equal configurations share it.
    """

    number: int
    overrides: tuple[str, ...]
    run: Path


@dataclass(frozen=True)
class SweepRecord:
    """`sweep.json` in the folder of a sweep, `ROOT/sweeps/NAME/`.

    Attributes:
      path: the folder.
    """

    path: Path

    @classmethod
    def of(cls, root: str | Path, line: Sequence[str]) -> "SweepRecord":
        """The record of a line, there or not.

        >>> SweepRecord.of("runs", ["seed=0,1"]).path.as_posix()
        'runs/sweeps/seed-8ca7649cb7'
        """
        return cls(Path(root) / FOLDER / sweep_name(line))

    @property
    def file(self) -> Path:
        """The file of the record."""
        return self.path / NAME

    def write(
        self, line: Sequence[str], jobs: Iterable[Mapping[str, Any]], **facts: Any
    ) -> Path:
        """Writes the record; jobs of an earlier record stay, but for their numbers.

        A sweep that asks in batches writes each batch; its numbers go on.

        Args:
          line: words of the command line, without `-m`.
          jobs: each with "number", "overrides" (words) and "run" (folder of the run,
            absolute or relative to the folder of the sweep).
          facts: what else the record says; later ones win.

        Raises:
          InputError: if an earlier record is damaged, or the folder cannot be written.
        """
        before = self._content() if self.file.is_file() else {}
        known = {job["number"]: job for job in before.get("jobs", [])}
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            known |= {job["number"]: self._entry(job) for job in jobs}
            content = before | {"line": list(line)} | facts
            content["jobs"] = [known[number] for number in sorted(known)]
            return write_json(self.file, content)
        except OSError as error:
            raise InputError(
                f"cannot write the record of the sweep in {self.path}: "
                f"{error.strerror}; choose another place with run.root=FOLDER"
            ) from error

    def read(self) -> dict[str, Any]:
        """The record: "line", "jobs" and facts.

        Raises:
          InputError: if there is none, or it is damaged.
        """
        if not self.file.is_file():
            raise InputError(
                f"{self.path} is no sweep's folder: it holds no {NAME}; give the "
                "folder that `vaex train -m` printed, or one that holds run directories"
            )
        return self._content()

    def line(self) -> list[str]:
        """Words of the command line, without `-m`."""
        return list(self.read()["line"])

    def jobs(self) -> list[SweepJob]:
        """The jobs in the order of their numbers, with the folders of their runs."""
        home = self.path.resolve()
        return [
            SweepJob(
                job["number"],
                tuple(job["overrides"]),
                Path(os.path.normpath(home / job["run"])),
            )
            for job in self.read()["jobs"]
        ]

    def _entry(self, job: Mapping[str, Any]) -> dict[str, Any]:
        run, home = Path(job["run"]), self.path.resolve()
        place = os.path.relpath(run.resolve(), home) if run.is_absolute() else run
        return dict(job) | {
            "overrides": list(job["overrides"]),
            "run": Path(place).as_posix(),
        }

    def _content(self) -> dict[str, Any]:
        try:
            found = json.loads(self.file.read_bytes())
            _check(found)
        except (ValueError, TypeError, KeyError) as error:
            why = f"no {error}" if isinstance(error, KeyError) else error
            raise InputError(
                f"{self.file} is damaged ({why}); move it aside and run the line "
                "again: finished jobs return at once"
            ) from error
        return found


def sweep_name(line: Sequence[str]) -> str:
    """The name of a sweep: its swept keys, and a hash of its line.

    The order of the words does not matter (but for words of one key, of which the last
    one counts), nor do words that change nothing of what is computed.

    Args:
      line: words of the command line; flags are left out.

    >>> sweep_name(["seed=0,1", "objective.beta=1,4", "run.root=/elsewhere", "-m"])
    'beta-seed-27aa4d521f'
    """
    words = sorted((word for word in line if not _is_run_only(word)), key=_key)
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:10]
    swept = [word for word in words if is_swept_word(word)]
    tails = [re.split(r"[./@]", _key(word))[-1] for word in swept]
    shown = [tail for tail in dict.fromkeys(tails) if re.fullmatch(r"\w{1,30}", tail)]
    return "-".join([*shown[:3], digest])


def _key(word: str) -> str:
    return word.lstrip("+~").partition("=")[0]


def _is_run_only(word: str) -> bool:
    if word.startswith("-"):
        return True
    part, *rest = re.split(r"[./@]", _key(word))
    return part in RUN_ONLY or ".".join(rest) in RUN_ONLY_KEYS.get(part, ())


def is_swept_word(word: str) -> bool:
    """Whether a word gives several values: a comma in no bracket, or a function."""
    value = word.partition("=")[2]
    bare = re.sub(r"\[[^]]*\]|\{[^}]*\}|'[^']*'|\"[^\"]*\"", "", value)
    return "," in bare or re.match(r"\w+\(", bare) is not None


def _check(found: Any) -> None:
    if not isinstance(found, dict):
        raise TypeError(f"an object was written, not {str(found)[:20]!r}")
    if not isinstance(found["line"], list) or not isinstance(found["jobs"], list):
        raise TypeError("line and jobs are lists")
    for job in found["jobs"]:
        if not isinstance(job, dict):
            raise TypeError(f"a job is an object, not {str(job)[:20]!r}")
        if type(job["number"]) is not int or not isinstance(job["run"], str):
            raise TypeError("a job has a number and the folder of its run")
        if not isinstance(job["overrides"], list):
            raise TypeError("a job's overrides are a list")
