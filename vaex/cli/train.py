"""Train, evaluate and draw: vaex train [-m] [slot=option] [key=value]."""

import os
import sys
from pathlib import Path
from typing import Any


def run(argv: list[str]) -> int:
    """Composes the configuration and trains; a sweep with `-m`.

    Returns:
      0, or 1 where a job of a sweep failed: all jobs run, and every failure is
      listed at the end.
    """
    import hydra

    from vaex.cli import _configuration
    from vaex.cli._cache import use_compilation_cache

    _configuration.register()
    use_compilation_cache()
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors come to us, whole
    jobs = _Jobs()
    app = hydra.main(
        version_base="1.3",
        config_path=str(_configuration.config_folder()),
        config_name="config",
    )(jobs)
    before, sys.argv = sys.argv, ["vaex train", *argv]
    try:
        app()
    finally:
        sys.argv = before
    return jobs.finish()


class _Jobs:
    """Hydra's task function: runs jobs and keeps their failures from Hydra.

    Hydra would report the first failure of a sweep only, and print its own lines
    about it.
    """

    def __init__(self) -> None:
        self._count = 0
        self._failures: list[tuple[str, Exception]] = []
        self._in_sweep = False

    def __call__(self, config: Any) -> float | None:
        """One job: returns the held-out ELBO, None where there is none."""
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        from vaex.cli import _run
        from vaex.cli._configuration import plain

        hydra_config = HydraConfig.get()
        self._count += 1
        self._in_sweep = hydra_config.mode == RunMode.MULTIRUN
        changes = " ".join(hydra_config.overrides.task)
        if self._in_sweep:
            print(f"job {hydra_config.job.num}: {changes}", flush=True)
        try:
            folder = Path(hydra_config.runtime.output_dir)
            results = _run.train(plain(config), folder, keep_refused=self._in_sweep)
        except Exception as error:
            self._failures.append((changes, error))
            return None
        return results["elbo"]["value"]

    def finish(self) -> int:
        """Raises the failure of a single run; lists those of a sweep."""
        from vaex.cli._messages import explain

        if not self._failures:
            return 0
        if not self._in_sweep:
            raise self._failures[0][1]
        print(f"{len(self._failures)} of {self._count} jobs failed:", file=sys.stderr)
        for changes, error in self._failures:
            reason = explain(error) or f"{type(error).__name__}: {error}"
            print(f"  {changes}: {reason}", file=sys.stderr)
        return 1
