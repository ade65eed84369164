"""A sweep: its jobs composed, grouped, trained, and told of at the end."""

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from omegaconf import OmegaConf

from vaex.cli import _console
from vaex.cli._composing import Composer, keep_hydras_record
from vaex.cli._configuration import plain, run_name
from vaex.cli._group import Watch
from vaex.cli._here import Here, groups_of
from vaex.cli._jobs import DONE, Job
from vaex.io.sweep_record import SweepRecord

RUN_ID = "${vaex.run_id:}"
"""What `hydra.sweep.subdir` is, unless a user has changed it."""


class Runner(Protocol):
    """Trains groups of jobs: structure -> its jobs."""

    def run(self, groups: Mapping[str, list[Job]], watch: Watch | None) -> None:
        """Runs them; each has its outcome afterwards."""


class Sweep:
    """Jobs of one line, in one batch or several; what was compiled is kept between.

    Args:
      composer: of the jobs' configurations.
      record: of the sweep; None keeps none.
      line: words of the sweep, for the record.
      runner: what trains groups of jobs; None does it in this process.
    """

    def __init__(
        self,
        composer: Composer,
        record: SweepRecord | None = None,
        line: Sequence[str] = (),
        runner: "Runner | None" = None,
    ):
        self._composer, self._record, self._line = composer, record, list(line)
        self._runner = runner or Here()
        self._errors: list[Exception] = []
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
        jobs = self._composed(overrides, first, keeps=True)
        self.jobs += jobs
        self._write(jobs)
        _announce_failures(jobs)
        unique = {job.run: job for job in reversed(jobs) if job.state == "waiting"}
        waiting = [job for job in jobs if unique.get(job.run) is job]
        groups = groups_of(waiting)
        if len(waiting) > 1:
            several = "program" if len(groups) == 1 else "programs"
            _console.say(f"{len(waiting)} jobs in {len(groups)} {several}")
        try:
            self._runner.run(groups, watch)
        finally:
            for job in jobs:
                other = unique.get(job.run)
                if other is not None and other is not job:
                    job.copies(other)
        return jobs

    def compose(self, overrides: Sequence[Sequence[str]]) -> list[Job]:
        """What the jobs of a batch would be; nothing is written."""
        return self._composed(overrides, 0, keeps=False)

    def _composed(
        self, overrides: Sequence[Sequence[str]], first: int, *, keeps: bool
    ) -> list[Job]:
        """Jobs with their configurations.

        Raises:
          Exception: if there is one reason why none of them has any.
        """
        self._errors.clear()
        jobs = [self._job(words, first + i, keeps) for i, words in enumerate(overrides)]
        if len(self._errors) == len(jobs) and len({j.reason for j in jobs}) == 1:
            raise self._errors[0]  # of the line, not of a job
        return jobs

    def _job(self, words: Sequence[str], number: int, keeps: bool) -> Job:
        """A job with its configuration and run directory, or with why it has none."""
        job = Job(number, tuple(words))
        try:
            composed = self._composer.compose(words, number)
            job.config = plain(composed.own)
            job.run = self._folder(composed.whole, job.config).absolute()
        except Exception as error:
            self._errors.append(error)
            job.fails(error)
            return job
        if keeps:
            self._keep(job, composed.whole)
        return job

    def _folder(self, composed: Any, config: dict[str, Any]) -> Path:
        """The run directory; resolved again only where it is not vaex's own name."""
        raw = OmegaConf.to_container(composed.hydra.sweep, resolve=False)
        own = isinstance(raw, dict) and raw["subdir"] == RUN_ID
        name = run_name(config) if own else composed.hydra.sweep.subdir
        return Path(str(composed.hydra.sweep.dir)) / name

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


def _announce_failures(jobs: Sequence[Job]) -> None:
    """Says at once why jobs cannot be composed, each reason once."""
    counts = Counter(job.reason for job in jobs if job.state == "failed")
    for reason, count in counts.items():
        what = f"{count} of {len(jobs)} jobs cannot run"
        print(f"{what}: {reason}", file=sys.stderr, flush=True)


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
        "were left; the same line again goes on with them": (
            lambda j: j.state == "left",
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
        return Sweep(composer, runner=Here(most)).launch(jobs, watch=watch)


def _master(hydra: Any, words: Sequence[str]) -> Any:
    from hydra.types import RunMode

    return hydra.compose_config(
        config_name="config",
        overrides=list(words),
        run_mode=RunMode.MULTIRUN,
        with_log_configuration=False,
    )
