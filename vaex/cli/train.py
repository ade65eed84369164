"""Train, evaluate and draw one model, or many: vaex train [-m] [slot=option] [key=value]."""

import os
import sys
from pathlib import Path
from typing import Any


def run(argv: list[str]) -> int:
    """Composes the configuration and trains; a sweep with `-m`."""
    import hydra

    from vaex.cli import _configuration

    _configuration.register()
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors come to us, whole
    app = hydra.main(
        version_base="1.3",
        config_path=str(_configuration.config_folder()),
        config_name="config",
    )(_task)
    before, sys.argv = sys.argv, ["vaex train", *argv]
    try:
        app()
    finally:
        sys.argv = before
    return 0


def _task(config: Any) -> float | None:
    """One job: returns the held-out ELBO, None where there is none."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from vaex.cli import _run
    from vaex.cli._configuration import plain

    hydra_config = HydraConfig.get()
    folder = Path(hydra_config.runtime.output_dir)
    in_sweep = hydra_config.mode == RunMode.MULTIRUN
    if in_sweep:
        changes = " ".join(hydra_config.overrides.task)
        print(f"job {hydra_config.job.num}: {changes}", flush=True)
    results = _run.train(plain(config), folder, keep_refused=in_sweep)
    return results["elbo"]["value"]
