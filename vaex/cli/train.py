"""Train, evaluate and draw: vaex train [-m] [--retry] [slot=option] [key=value]."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vaex.cli import _garbage
from vaex.errors import InputError, RunError


def run(argv: list[str]) -> int:
    """Composes the configuration and trains; a sweep with `-m`.

    Returns:
      0, or 1 where a job of a sweep failed or all were skipped: all jobs run, and
      every failure is listed at the end, as are parts that did not fit the data.

    Raises:
      InputError: if the line or the configuration cannot work.
    """
    with _garbage.put_off():
        return _run(argv)


def _run(argv: list[str]) -> int:
    import hydra

    from vaex.cli import _configuration, _messages, _overrides
    from vaex.cli._cache import use_compilation_cache
    from vaex.cli._single import run_single

    _configuration.register()
    argv = ["run.retry=true" if word == "--retry" else word for word in argv]
    chosen = _overrides.check(argv)
    use_compilation_cache()
    # Hydra takes no override in front of a flag and another behind it.
    line = sorted(argv, key=lambda word: word not in _overrides.SWEEP_FLAGS)
    jobs = _Jobs()
    app = hydra.main(
        version_base="1.3",
        config_path=str(_configuration.config_folder()),
        config_name="config",
    )(jobs)
    try:
        with _hydra_reads(line):
            if not run_single(line, jobs):
                app()
    except (BrokenPipeError, RunError):
        raise
    except Exception as error:
        message = _messages.explain(error, chosen)
        if message is None and isinstance(error, OSError):
            of = f" {error.filename}" if error.filename else ""
            message = (
                f"cannot make the run directory{of}: {error.strerror}; "
                "choose another place with run.root=FOLDER"
            )
        if message is None:
            raise
        raise InputError(message) from error
    return jobs.finish()


@contextlib.contextmanager
def _hydra_reads(line: list[str]) -> Iterator[None]:
    """The line where Hydra looks for it, its errors whole; all as it was afterwards.

    A reader that leaves early (`--info | head`) is no news to its log either.
    """
    before, whole = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    root = logging.getLogger()
    level, handlers, loud = root.level, list(root.handlers), logging.raiseExceptions
    logging.raiseExceptions = False
    sys.argv = ["vaex train", *line]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv, root.handlers = before, handlers
        root.setLevel(level)
        logging.raiseExceptions = loud
        del os.environ["HYDRA_FULL_ERROR"]
        if whole is not None:
            os.environ["HYDRA_FULL_ERROR"] = whole


class _Jobs:
    """Hydra's task function: runs jobs and keeps their failures from Hydra.

    Hydra would report the first failure of a sweep only, and print its own lines
    about it. A sweep by the population launcher comes by `begin_sweep`; another
    launcher calls each job, in this process or, as joblib's does, in one of its own,
    whose answers come by `returned`.
    """

    def __init__(self) -> None:
        self._jobs: list[Any] = []
        self._failure: Exception | None = None
        self._in_sweep = False
        self._process = os.getpid()

    def begin_sweep(
        self, context: Any, master: Any, options: dict[str, Any]
    ) -> "_Launched":
        """What the population launcher launches batches by."""
        self._in_sweep = True
        _garbage.take_up()
        return _Launched(self._jobs, context, master, options)

    def __call__(self, config: Any) -> float | None:
        """One job: returns the held-out ELBO, None where there is none.

        Raises:
          JobFailed: in a process that a launcher started, of a job without results.
        """
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        from vaex.cli import _run
        from vaex.cli._cache import use_compilation_cache
        from vaex.cli._jobs import Job, JobFailed

        is_elsewhere = os.getpid() != self._process
        if is_elsewhere:
            use_compilation_cache()
        hydra_config = HydraConfig.get()
        self._in_sweep = hydra_config.mode == RunMode.MULTIRUN
        if self._in_sweep:
            _garbage.take_up()
        folder = Path(hydra_config.runtime.output_dir)
        words = tuple(hydra_config.overrides.task)
        job = Job(hydra_config.job.num if self._in_sweep else 0, words, run=folder)
        self._jobs.append(job)
        if self._in_sweep:
            print(f"job {job.number}: {job.words}", flush=True)
        try:
            job.config = self._resolved(config, folder)
            job.succeeds(_run.train(job.config, folder, keep_refused=self._in_sweep))
        except Exception as error:
            self._failure = error
            job.fails(error)
            if is_elsewhere:  # what is kept here ends with this process
                raise JobFailed(job.state, job.reason) from None
        return job.value

    def returned(self, answers: Sequence[Any]) -> None:
        """Enters the jobs that a launcher ran in processes of its own.

        Args:
          answers: Hydra's JobReturn of every job of a batch.
        """
        from vaex.cli._jobs import Job

        self._in_sweep = True
        known = {job.number for job in self._jobs}
        for answer in answers:
            if answer.hydra_cfg is None:  # of the population launcher
                continue
            hydra = answer.hydra_cfg.hydra
            if hydra.job.num not in known:
                folder = Path(hydra.runtime.output_dir)
                words = tuple(hydra.overrides.task)
                self._jobs.append(Job(hydra.job.num, words, run=folder))
                self._jobs[-1].answers(answer)

    def _resolved(self, config: Any, folder: Path) -> dict[str, Any]:
        from vaex.cli import _stages
        from vaex.cli._configuration import plain

        try:
            return plain(config)
        except Exception:
            _stages.discard(folder)
            raise

    def finish(self) -> int:
        """Raises the failure of a single run; tells of all jobs of a sweep."""
        if not self._in_sweep:
            if self._failure is not None:
                raise self._failure
            return 0
        from vaex.cli._sweeping import conclude

        return conclude(self._jobs)


class _Launched:
    """The sweep of the population launcher, batch by batch."""

    def __init__(
        self, jobs: list[Any], context: Any, master: Any, options: dict[str, Any]
    ):
        from vaex.cli._composing import Composer
        from vaex.cli._elsewhere import Options

        self._jobs = jobs
        self._options = Options(**options)
        self._root = Path(str(master.hydra.sweep.dir))
        self._line = list(master.hydra.overrides.task)
        self._composer = Composer(context.config_loader, master)
        self._sweep: Any = None

    def launch(
        self, overrides: Any, first: int, watch: Any, record: Any = None
    ) -> list[Any]:
        """Runs a batch of jobs; Hydra's JobReturns of them."""
        from hydra.core.utils import JobReturn, JobStatus

        def told(job: Any, step: int, score: float) -> bool:
            return watch(job.number - first, step, score)

        if self._sweep is None:
            self._sweep = self._begun(record)
        done = self._sweep.launch(overrides, first, told if watch else None)
        self._jobs += done
        returned = []
        for job in done:
            answer = JobReturn(job.overrides, working_dir=str(job.run))
            has_ended = job.state in ("finished", "finished before", "pruned")
            answer.status = JobStatus.COMPLETED if has_ended else JobStatus.FAILED
            answer.return_value = (
                job.value if has_ended else RuntimeError(job.reason or job.state)
            )
            returned.append(answer)
        return returned

    def _begun(self, record: Any) -> Any:
        from vaex.cli._elsewhere import runner_of
        from vaex.cli._sweeping import Sweep
        from vaex.io.sweep_record import SweepRecord

        record = record or SweepRecord.of(self._root, self._line)
        runner = runner_of(self._options, record)
        return Sweep(self._composer, record, self._line, runner)
