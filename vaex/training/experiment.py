"""What is trained: model, objective, optimizer and preparation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
from jax import Array

from vaex.training.hparams import Hparams, make_hparams, unwrap
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
        self, batch: Batch, *, train: bool, weights: Mapping[str, Any]
    ) -> tuple[Array, Metrics]:
        """Loss and metrics of a batch."""
        return self.objective(self.model, batch, train=train, **weights)


@dataclass(frozen=True, eq=False)
class Experiment:
    """The parts of a training run, built and unbound.

    Attributes:
      model: see `vaex.types.Model`.
      objective: (model, batch, *, train, **weights) -> (loss, metrics); static
        options bound by `functools.partial`.
      optimizer: factory of an optax transformation, numbers as keyword arguments.
      preparation: (key, stored) -> Batch, applied inside the step.
    """

    model: nn.Module
    objective: Callable[..., tuple[Array, Metrics]]
    optimizer: Callable[..., Any]
    preparation: Callable[[Array, Mapping[str, Array]], Batch]

    def hparams(self) -> Hparams:
        """Numeric hyperparameters of the objective and the optimizer."""
        return make_hparams(objective=self.objective, optimizer=self.optimizer)

    def root(self) -> tuple[Root, dict[str, Any]]:
        """The module that holds all variables, and the objective's bound options."""
        objective, options = unwrap(self.objective)
        return Root(self.model, objective), options
