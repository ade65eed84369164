"""Train, evaluate and draw: vaex train [-m] [slot=option] [key=value]."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from vaex.errors import InputError, Unfit


def run(argv: list[str]) -> int:
    """Composes the configuration and trains; a sweep with `-m`.

    Returns:
      0, or 1 where a job of a sweep failed or all were skipped: all jobs run, and
      every failure is listed at the end, as are parts that did not fit the data.

    Raises:
      InputError: if the line or the configuration cannot work.
    """
    import hydra

    from vaex.cli import _configuration, _messages, _overrides
    from vaex.cli._cache import use_compilation_cache

    _configuration.register()
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
            app()
    except BrokenPipeError:
        raise
    except Exception as error:
        message = _messages.explain(error, chosen)
        if message is None and isinstance(error, OSError):
            message = (
                f"cannot make the run directory {error.filename}: {error.strerror}; "
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
    about it.
    """

    def __init__(self) -> None:
        self._count = 0
        self._failures: list[tuple[str, Exception]] = []
        self._skipped: list[tuple[str, Exception]] = []
        self._in_sweep = False

    def __call__(self, config: Any) -> float | None:
        """One job: returns the held-out ELBO, None where there is none."""
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        from vaex.cli import _run

        hydra_config = HydraConfig.get()
        self._count += 1
        self._in_sweep = hydra_config.mode == RunMode.MULTIRUN
        changes = " ".join(hydra_config.overrides.task)
        if self._in_sweep:
            print(f"job {hydra_config.job.num}: {changes}", flush=True)
        try:
            folder = Path(hydra_config.runtime.output_dir)
            resolved = self._resolved(config, folder)
            results = _run.train(resolved, folder, keep_refused=self._in_sweep)
        except Exception as error:
            skip = self._in_sweep and _is_unfit(error)
            (self._skipped if skip else self._failures).append((changes, error))
            return None
        return results["elbo"]["value"]

    def _resolved(self, config: Any, folder: Path) -> dict[str, Any]:
        from vaex.cli import _stages
        from vaex.cli._configuration import plain

        try:
            return plain(config)
        except Exception:
            _stages.discard(folder)
            raise

    def finish(self) -> int:
        """Raises the failure of a single run; lists those of a sweep."""
        if self._failures and not self._in_sweep:
            raise self._failures[0][1]
        self._list("skipped, as parts do not fit", self._skipped, sys.stdout)
        self._list("failed", self._failures, sys.stderr)
        none_ran = self._in_sweep and len(self._skipped) == self._count
        return 1 if self._failures or none_ran else 0

    def _list(self, what: str, jobs: list[tuple[str, Exception]], file: TextIO) -> None:
        from vaex.cli._messages import explain

        if jobs:
            print(f"{len(jobs)} of {self._count} jobs {what}:", file=file)
        for changes, error in jobs:
            reason = explain(error) or f"{type(error).__name__}: {error}"
            print(f"  {changes}: {reason}", file=file)


def _is_unfit(error: Exception) -> bool:
    """Whether the parts do not fit, or one (custom) has yet to be named."""
    from omegaconf.errors import MissingMandatoryValue

    return isinstance(error, Unfit | MissingMandatoryValue)
