"""The sweeper `hydra/sweeper=optuna`: a search instead of a grid.

Hydra imports this file at the start of each application in the environment, so it
imports neither optuna nor vaex before a search begins; what a search does stands in
`vaex.cli._search`.
"""

import importlib.util
from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction


@dataclass
class OptunaSweeperConf:
    """Keys of `hydra.sweeper`; `vaex.cli._search_options` says what they mean."""

    _target_: str = "hydra_plugins.vaex_optuna.OptunaSweeper"
    n_trials: int | None = None
    batch: int = 8
    sampler: str = "tpe"
    sampler_options: Any = None  # not dict: Hydra would keep a line from filling it
    pruner: str = "none"
    pruner_options: Any = None
    metric: Any = "held_out.elbo"
    direction: Any = None
    seed: int = 0
    study_name: str | None = None
    timeout: float | None = None
    params: Any = None


ConfigStore.instance().store(
    group="hydra/sweeper", name="optuna", node=OptunaSweeperConf, provider="vaex"
)


class OptunaSweeper(Sweeper):
    """Asks optuna for batches of jobs and has the launcher run each batch."""

    def __init__(self, **_: Any) -> None:
        """Takes the keys of `hydra.sweeper`; they are read from the configuration."""
        self.launcher: Launcher | None = None
        self.config: Any = None
        self.hydra_context: Any = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: Any
    ) -> None:
        """Makes the launcher, as every sweeper does."""
        from hydra.core.plugins import Plugins

        self.config, self.hydra_context = config, hydra_context
        self._task_function = task_function
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Searches the space of the line.

        Raises:
          vaex.errors.InputError: if optuna is missing, or the line cannot work.
        """
        if importlib.util.find_spec("optuna") is None:
            from vaex.errors import InputError

            raise InputError(
                "hydra/sweeper=optuna needs optuna, which is not installed; "
                "pip install 'vaex-jax[sweeps]'"
            )
        from hydra_plugins.vaex_population import tell
        from vaex.cli._search import search

        returned = search(
            arguments, self.launcher, self.config, self.hydra_context.config_loader
        )
        tell(self._task_function, returned)
        return returned
