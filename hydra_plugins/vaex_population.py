"""The population launcher and the grid sweeper: the defaults of `vaex train -m`.

Hydra imports this file at the start of each application in the environment, so it
stays small and imports vaex where it is used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction


@dataclass
class PopulationConfig:
    """Options hydra.launcher.NAME."""

    _target_: str = "hydra_plugins.vaex_population.PopulationLauncher"
    # Members of one program at the most; null: as many as the memory has room for.
    max_members: int | None = None
    # Where groups are trained: here; processes, of this machine; slurm; or local, which
    # is slurm without Slurm, to try a line out.
    where: str = "here"
    # Jobs of one process at the most; null: a group, or for `processes` its share.
    max_jobs: int | None = None
    # How many processes at a time; null: one on each GPU, or core where there is none.
    processes: int | None = None
    # Minutes of a job of Slurm, and more of submitit's parameters.
    timeout_min: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass
class GridConfig:
    """Options hydra.sweeper.NAME."""

    _target_: str = "hydra_plugins.vaex_population.GridSweeper"
    max_batch_size: int | None = None
    params: dict[str, str] | None = None


def _store(group: str, name: str, node: Any) -> None:
    ConfigStore.instance().store(
        group=f"hydra/{group}", name=name, node=node, provider="vaex"
    )


_store("launcher", "population", PopulationConfig)
_store("sweeper", "grid", GridConfig)


class PopulationLauncher(Launcher):
    """Trains jobs that differ in numbers and seed by one program.

    Attributes:
      watch: told (index in the batch, step, held-out score) after each look at
        held-out data; True ends that job. A sweeper may set it.
      record: the sweep's, `vaex.io.sweep_record.SweepRecord`; None for the line's own.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self.watch: Callable[[int, int, float], bool] | None = None
        self.record: Any = None

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: Any,
    ) -> None:
        """Hydra's: what `launch` needs."""
        begin = getattr(task_function, "begin_sweep", None)
        if begin is None:
            raise ValueError(
                "hydra/launcher=population launches `vaex train` only; this "
                "application needs hydra/launcher=basic"
            )
        self._sweep = begin(hydra_context, config, self._options)

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Runs a batch; a failed job is a failed JobReturn, and no exception."""
        return self._sweep.launch(
            job_overrides, initial_job_idx, self.watch, self.record
        )


class GridSweeper(BasicSweeper):
    """Hydra's basic sweeper without its second composition of each job.

    The launcher composes and checks each job itself, and what is wrong with one is
    told at the end with all other failures.
    """

    def setup(self, *, task_function: TaskFunction, **rest: Any) -> None:
        """Hydra's: what `sweep` needs."""
        super().setup(task_function=task_function, **rest)
        self._task_function = task_function

    def sweep(self, arguments: list[str]) -> Any:
        """Launches every combination of the values."""
        from hydra.core.override_parser.overrides_parser import OverridesParser
        from omegaconf import OmegaConf

        from vaex.errors import InputError

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        for override in overrides:
            if override.is_sweep_override() and not override.is_discrete_sweep():
                raise InputError(
                    f"{override.input_line}: a grid has no intervals; add "
                    "hydra/sweeper=optuna to search in it, or list values"
                )
        batches = self.split_arguments(overrides, self.max_batch_size)
        folder = Path(self.config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        returned, done = [], 0
        for batch in batches:
            returned.append(self.launcher.launch(batch, initial_job_idx=done))
            tell(self._task_function, returned[-1])
            done += len(batch)
        return returned


def tell(task_function: TaskFunction, answers: Sequence[JobReturn]) -> None:
    """Tells a task function that asks for it what became of jobs run elsewhere."""
    told = getattr(task_function, "returned", None)
    if told is not None:
        told(answers)
