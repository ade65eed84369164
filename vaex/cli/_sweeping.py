"""A sweep: its jobs composed, grouped, trained, and told of at the end."""

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vaex.cli import _console, _run
from vaex.cli._composing import Composer, keep_hydras_record
from vaex.cli._configuration import plain
from vaex.cli._group import Watch, train_group
from vaex.cli._jobs import DONE, Job
from vaex.cli._structure import Structure
from vaex.cli._taking import take
from vaex.io.structure import structure_of
from vaex.io.sweep_record import SweepRecord
from vaex.training.members import make_core_devices

ALONE = {"devices": 1}
"""What `trainer` must say for a run to share a program with others."""


class Sweep:
    """Jobs of one line, in one batch or several; what was compiled is kept between.

    Args:
      composer: of the jobs' configurations.
      record: of the sweep; None keeps none.
      line: words of the sweep, for the record.
      most: members of one program at the most; None leaves it to the memory.
    """

    def __init__(
        self,
        composer: Composer,
        record: SweepRecord | None = None,
        line: Sequence[str] = (),
        most: int | None = None,
    ):
        self._composer, self._record, self._line = composer, record, list(line)
        self._most = most
        self._structures: dict[str, Structure] = {}
        self.jobs: list[Job] = []

    def launch(
        self,
        overrides: Sequence[Sequence[str]],
        first: int = 0,
        watch: Watch | None = None,
    ) -> list[Job]:
        """Runs a batch of jobs; each has its outcome afterwards.

        Args:
          overrides: the words of each job.
          first: number of the first.
          watch: told of looks at held-out data; may end jobs.

        Raises:
          vaex.cli._signals.Interrupted: if told to stop; everything done is saved.
        """
        jobs = [self._job(words, first + i) for i, words in enumerate(overrides)]
        self.jobs += jobs
        self._write(jobs)
        unique = {job.run: job for job in reversed(jobs) if job.state == "waiting"}
        waiting = [job for job in jobs if unique.get(job.run) is job]
        groups = self._groups(waiting)
        try:
            self._run(groups, watch)
        finally:
            for job in jobs:
                other = unique.get(job.run)
                if other is not None and other is not job:
                    job.copies(other)
        return jobs

    def _job(self, words: Sequence[str], number: int) -> Job:
        """A job with its configuration and run directory, or with why it has none."""
        job = Job(number, tuple(words))
        try:
            composed = self._composer.compose(words, number)
            folder = Path(str(composed.hydra.sweep.dir)) / composed.hydra.sweep.subdir
            job.run = folder.absolute()
            job.config = plain(composed)
        except Exception as error:
            job.fails(error)
            return job
        self._keep(job, composed)
        return job

    def _keep(self, job: Job, composed: Any) -> None:
        """Hydra's own record in the run directory, once."""
        if (job.run / ".hydra" / "overrides.yaml").is_file():
            return
        with contextlib.suppress(OSError):  # the run itself says what is wrong
            keep_hydras_record(composed, job.run)

    def _write(self, jobs: Sequence[Job]) -> None:
        if self._record is None:
            return
        entries = [
            {"number": job.number, "overrides": job.overrides, "run": job.run}
            for job in jobs
            if job.run != Path()
        ]
        self._record.write(self._line, entries)

    def _groups(self, jobs: Sequence[Job]) -> dict[str, list[Job]]:
        """Jobs by their structure, in the order of their first ones."""
        groups: dict[str, list[Job]] = {}
        for job in jobs:
            groups.setdefault(structure_of(job.config), []).append(job)
        return groups

    def _run(self, groups: dict[str, list[Job]], watch: Watch | None) -> None:
        count = sum(map(len, groups.values()))
        together = {k for k, jobs in groups.items() if self._may_share(jobs)}
        if together:
            make_core_devices()
        if count > 1:
            _console.say(f"{count} jobs in {len(groups)} programs")
        done = 0
        for number, (key, jobs) in enumerate(groups.items(), 1):
            if key in together or key in self._structures:
                _console.say(f"program {number} of {len(groups)}: {len(jobs)} jobs")
                self._run_group(key, jobs, watch)
            else:
                for job in jobs:
                    self._run_alone(job)
            done += len(jobs)

    def _may_share(self, jobs: Sequence[Job]) -> bool:
        """Whether jobs may be trained by one program, from what they say."""
        trainer = jobs[0].config["trainer"]
        return len(jobs) > 1 and all(trainer.get(k) == v for k, v in ALONE.items())

    def _run_group(self, key: str, jobs: list[Job], watch: Watch | None) -> None:
        structure = self._structures.setdefault(key, Structure(self._most))
        waiting = list(jobs)
        while waiting and not structure.is_built:
            try:
                structure.build(waiting[0].config, waiting[0].directory)
            except Exception as error:
                self._refuse(waiting.pop(0), error)
        if not waiting:
            return
        if structure.can_train_together:
            train_group(waiting, structure, watch)
            return
        for job in waiting:
            self._run_alone(job)

    def _refuse(self, job: Job, error: Exception) -> None:
        """Records what is refused before there is a program."""
        from vaex.cli._stages import record_refusal

        with contextlib.ExitStack() as stack:
            try:
                if take(job, stack):
                    record_refusal(job.directory, job.config, error)
                    job.fails(error)
            except Exception as other:
                job.fails(other)

    def _run_alone(self, job: Job) -> None:
        """A job that shares its program with none."""
        with contextlib.ExitStack() as stack:
            try:
                wanted = take(job, stack)
            except Exception as error:
                job.fails(error)
                return
        if not wanted:
            return
        _console.say(f"job {job.number}: {job.words}")
        try:
            config = job.config | {"run": job.config["run"] | {"fresh": False}}
            job.succeeds(_run.train(config, job.run, keep_refused=True))
        except Exception as error:
            job.fails(error)


def conclude(jobs: Sequence[Job]) -> int:
    """Prints what became of all jobs.

    Returns:
      The exit status: 0 if all that fit are done, else 1.
    """
    _console.show_jobs(jobs)
    kinds: dict[str, tuple[Callable[[Job], bool], Any]] = {
        "skipped, as parts do not fit": (lambda j: j.state == "skipped", sys.stdout),
        "are run by another process": (lambda j: j.state == "elsewhere", sys.stdout),
        "failed": (lambda j: j.state in ("failed", "diverged"), sys.stderr),
        "failed before; --retry tries them again": (
            lambda j: j.state == "failed before",
            sys.stderr,
        ),
        "were not begun": (lambda j: j.state == "waiting", sys.stderr),
    }
    for what, (belongs, file) in kinds.items():
        found = [job for job in jobs if belongs(job)]
        if found:
            print(f"{len(found)} of {len(jobs)} jobs {what}:", file=file)
        for job in found:
            first, *more = (job.reason or job.state).splitlines() or [""]
            print(f"  {job.words}: {first}", file=file)
            for line in more:
                print(f"    {line}", file=file)
    good = {*DONE, "skipped"}
    none_ran = bool(jobs) and all(job.state == "skipped" for job in jobs)
    return 1 if none_ran or any(job.state not in good for job in jobs) else 0


def run_jobs(
    job_overrides: Sequence[Sequence[str]],
    root: Path,
    watch: Watch | None = None,
    most: int | None = None,
) -> list[Job]:
    """Runs jobs given as overrides, in groups that share a program; those done return.

    Args:
      job_overrides: the words of each job, as after `vaex train`.
      root: folder of the run directories.
      watch: told of looks at held-out data; may end jobs.
      most: members of one program at the most.

    Returns:
      The jobs, with their outcomes.

    Raises:
      vaex.cli._signals.Interrupted: if told to stop; the same call goes on.
    """
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    from vaex.cli import _configuration

    _configuration.register()
    folder = str(_configuration.config_folder())
    with initialize_config_dir(folder, version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        words = [f"run.root='{root}'"]
        master = _master(hydra, words)
        composer = Composer(hydra.config_loader, master)
        jobs = [[*words, *overrides] for overrides in job_overrides]
        return Sweep(composer, most=most).launch(jobs, watch=watch)


def _master(hydra: Any, words: Sequence[str]) -> Any:
    from hydra.types import RunMode

    return hydra.compose_config(
        config_name="config",
        overrides=list(words),
        run_mode=RunMode.MULTIRUN,
        with_log_configuration=False,
    )
