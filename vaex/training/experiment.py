"""What is trained: model, objective, optimizer and preparation."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
from jax import Array

from vaex.errors import InputError
from vaex.training.hparams import Hparams, arguments, make_hparams, unwrap
from vaex.training.updates import UpdatesConfig
from vaex.types import Batch, Metrics


class Root(nn.Module):
    """Model and objective under one set of variables: `model`, `objective`.

    Attributes:
      model: the model.
      objective: a function, or a module where something is learned.
    """

    model: nn.Module
    objective: Callable[..., tuple[Array, Metrics]]

    def __call__(
        self,
        batch: Batch,
        *,
        train: bool,
        weights: Mapping[str, Any],
        step: Array | int = 0,
    ) -> tuple[Array, Metrics]:
        """Loss and metrics of a batch; `step` is for objectives that ask for it.

        What a model refuses an objective is raised with the objective's name.
        """
        function = _function_of(self.objective)
        parameters = inspect.signature(function).parameters
        timed = {"step": step} if "step" in parameters else {}
        try:
            return self.objective(self.model, batch, train=train, **timed, **weights)
        except InputError as error:
            name = getattr(function, "__name__", type(function).__name__)
            if name in str(error):
                raise
            raise InputError(f"{name}: {error}") from error


class Joined(nn.Module):
    """An objective's function with the modules that it learns (a critic, say).

    Attributes:
      function: (model, batch, *, train, **modules, **weights) -> (loss, metrics).
      learned: argument of the function -> module; bound, they hold their variables
        under `objective/learned_<argument>`.
    """

    function: Callable[..., tuple[Array, Metrics]]
    learned: Mapping[str, nn.Module]

    def __call__(
        self, model: Any, batch: Batch, *, train: bool, **options: Any
    ) -> tuple[Array, Metrics]:
        """The function's own result."""
        return self.function(model, batch, train=train, **options, **self.learned)


def _function_of(objective: Callable[..., Any]) -> Callable[..., Any]:
    return objective.function if isinstance(objective, Joined) else objective


@dataclass(frozen=True, eq=False)
class Experiment:
    """The parts of a training run, built and unbound.

    Attributes:
      model: see `vaex.types.Model`.
      objective: (model, batch, *, train, **weights) -> (loss, metrics); static
        options, and modules that it learns, bound by `functools.partial`. One that
        takes `step` is given the number of steps taken, for schedules.
      optimizer: factory of an optax transformation, numbers as keyword arguments.
      preparation: (key, stored) -> Batch, applied inside the step.
      updates: what is done around the optimizer; nothing by default.
      batch_size: B of the steps, where `updates` scale the learning rate by it.
    """

    model: nn.Module
    objective: Callable[..., tuple[Array, Metrics]]
    optimizer: Callable[..., Any]
    preparation: Callable[[Array, Mapping[str, Array]], Batch]
    updates: UpdatesConfig = UpdatesConfig()
    batch_size: int | None = None

    def hparams(self) -> Hparams:
        """Numeric hyperparameters of the objective and the optimizer."""
        return make_hparams(objective=self.objective, optimizer=self.optimizer)

    def optimizer_of(self, hparams: Hparams) -> Any:
        """The optax transformation, with traced numbers, and `updates` around it."""
        _, bound = unwrap(self.optimizer)
        optimizer = self.optimizer(**arguments(hparams, "optimizer", bound))
        return self.updates.around(optimizer, self.batch_size)

    def root(self) -> tuple[Root, dict[str, Any]]:
        """The module that holds all variables, and the objective's bound options."""
        objective, options = unwrap(self.objective)
        learned = {k: v for k, v in options.items() if isinstance(v, nn.Module)}
        if learned:
            options = {k: v for k, v in options.items() if k not in learned}
            objective = Joined(objective, learned)
        return Root(self.model, objective), options
