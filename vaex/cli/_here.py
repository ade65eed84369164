"""Groups of jobs, trained in this process."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from vaex.cli import _console, _run
from vaex.cli._group import Watch, train_group
from vaex.cli._jobs import Job
from vaex.cli._signals import StopRequest, stop_request
from vaex.cli._structure import Structure
from vaex.cli._taking import is_open, take
from vaex.io.structure import structure_of
from vaex.training.members import make_core_devices

ALONE = {"devices": 1}
"""What `trainer` must say for a run to share a program with others."""


class Here:
    """Trains groups of jobs in this process; what was compiled is kept between calls.

    Args:
      most: members of one program at the most; None leaves it to the memory.
      share: of the memory that is free, where several processes divide it.
    """

    def __init__(self, most: int | None = None, share: float = 1.0):
        self._most, self._share = most, share
        self._structures: dict[str, Structure] = {}

    def run(self, groups: Mapping[str, list[Job]], watch: Watch | None = None) -> None:
        """Runs jobs; each has its outcome afterwards.

        Args:
          groups: structure -> its jobs.
          watch: told of looks at held-out data; may end jobs.

        Raises:
          vaex.cli._signals.Interrupted: if told to stop; everything done is saved.
        """
        with stop_request() as stop:
            self._run(groups, watch, stop)

    def _run(
        self,
        groups: Mapping[str, list[Job]],
        watch: Watch | None,
        stop: StopRequest,
    ) -> None:
        # One alone is trained as a group of one where it may be told to end.
        least = 2 if watch is None else 1
        together = {k for k, jobs in groups.items() if _may_share(jobs, least)}
        if together:
            make_core_devices()
        for number, (key, jobs) in enumerate(groups.items(), 1):
            if key in together or key in self._structures:
                _console.say(f"program {number} of {len(groups)}: {len(jobs)} jobs")
                self._run_group(key, jobs, watch, stop)
            else:
                for job in jobs:
                    stop.check()
                    _run_alone(job)

    def _run_group(
        self, key: str, jobs: list[Job], watch: Watch | None, stop: StopRequest
    ) -> None:
        if key not in self._structures:
            self._structures[key] = Structure(self._most, self._share)
        structure = self._structures[key]
        waiting = list(jobs)
        while waiting and not structure.is_built:
            try:
                stop.check()
                structure.build(waiting[0].config, waiting[0].directory)
            except Exception as error:
                _refuse(waiting.pop(0), error)
        if not waiting:
            return
        if structure.can_train_together:
            train_group(waiting, structure, watch)
            return
        for job in waiting:
            stop.check()
            _run_alone(job)


def groups_of(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    """Jobs by their structure, in the order of their first ones."""
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(structure_of(job.config), []).append(job)
    return groups


def without_fresh(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration that does not move aside again what was moved aside."""
    return {**config, "run": {**config["run"], "fresh": False}}


def _may_share(jobs: Sequence[Job], least: int) -> bool:
    """Whether jobs, so many at least, may be trained by one program."""
    trainer = jobs[0].config["trainer"]
    return len(jobs) >= least and all(trainer.get(k) == v for k, v in ALONE.items())


def _refuse(job: Job, error: Exception) -> None:
    """Records what is refused before there is a program."""
    from vaex.cli._stages import record_refusal

    with contextlib.ExitStack() as stack:
        try:
            if take(job, stack):
                record_refusal(job.directory, job.config, error)
                job.fails(error)
        except Exception as other:
            job.fails(other)


def _run_alone(job: Job) -> None:
    """A job that shares its program with none."""
    if not is_open(job):
        return
    _console.say(f"job {job.number}: {job.words}")
    try:
        config = without_fresh(job.config)
        job.succeeds(_run.train(config, job.run, keep_refused=True))
    except Exception as error:
        job.fails(error)
