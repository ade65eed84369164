"""A single run by Hydra, whose configuration is composed once.

`hydra.main` composes every configuration twice: the first time to see whether it is
that of a sweep.
"""

from collections.abc import Callable, Sequence
from typing import Any

from hydra import initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import run_job
from hydra.types import HydraContext, RunMode

from vaex.cli._configuration import config_folder


def run_single(line: Sequence[str], task: Callable[[Any], Any]) -> bool:
    """Runs a task with the configuration of a line, as `hydra.main` would.

    Args:
      line: words of the command line.
      task: is called with the configuration.

    Returns:
      Whether it was run; a line with flags and one of a sweep are for `hydra.main`.

    Raises:
      hydra.errors.HydraException: if the line cannot be composed.
    """
    if any(word.startswith("-") for word in line):
        return False
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        hydra = GlobalHydra.instance().hydra
        assert hydra is not None
        config = hydra.compose_config(
            "config", list(line), run_mode=RunMode.RUN, with_log_configuration=True
        )
        if config.hydra.mode == RunMode.MULTIRUN:
            return False
        config.hydra.mode = RunMode.RUN
        callbacks = Callbacks(config)
        callbacks.on_run_start(config=config, config_name="config")
        done = run_job(
            task,
            config,
            job_dir_key="hydra.run.dir",
            job_subdir_key=None,
            hydra_context=HydraContext(hydra.config_loader, callbacks),
        )
        callbacks.on_run_end(config=config, config_name="config", job_return=done)
        done.return_value  # noqa: B018 -- raises what the task raised
    return True
