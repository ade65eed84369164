"""The contract of anomaly scores: what is drawn of a row, and what is made of it."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from jax import Array

from vaex.anomaly.example import Example


class Draws(NamedTuple):
    """What S posterior samples say of one row.

    Attributes:
      values: [S] or [S, C], of which means (or logarithms of means) are taken.
      attribution: [S, *A], which sums to the values; or None.
    """

    values: Array
    attribution: Array | None = None


class Score(abc.ABC):
    """An anomaly score of one row: what a score subclasses, as a frozen dataclass.

    It fills in `draw`, and `check` for what the model must have. Higher is more
    anomalous. `prepare` is called once for each row, before its chunks of draws.

    Class attributes: `name` (for the command line), `unit`, `is_log_mean` (the value is
    minus the logarithm of the mean of exp(draws); else their mean), `is_random`
    (False: one draw says all, and there is no error), `needs_fit` (True: `fit` gives
    the score that can be used), `attributes_event` (its attribution has a number for
    each element of the event; else for each that the head scores).
    """

    name: ClassVar[str]
    unit: ClassVar[str] = "nats"
    is_log_mean: ClassVar[bool] = False
    is_random: ClassVar[bool] = True
    needs_fit: ClassVar[bool] = False
    attributes_event: ClassVar[bool] = False

    @property
    def is_fitted(self) -> bool:
        """Whether it can be used; False where `fit` has to come first."""
        return not self.needs_fit

    def check(self, model: Any) -> None:
        """Refuses a model that lacks what the score is made of.

        Raises:
          InputError: naming the part and another to use.
        """
        del model

    def fit(
        self,
        model: Any,
        variables: Any,
        preparation: Any,
        rows: Mapping[str, np.ndarray],
        *,
        seed: int = 0,
    ) -> Self:
        """The score with what it takes from training rows, if that is anything.

        Args:
          model: unbound.
          variables: its.
          preparation: stored rows to batches.
          rows: of the training data as they are stored, name -> [N, ...].
          seed: of the draws.
        """
        del model, variables, preparation, rows, seed
        return self

    def arrays(self) -> Any:
        """What the program is handed beside the model's variables: a tree of arrays."""
        return {}

    def prepare(self, example: Example, key: Array) -> Any:
        """What is found once for a row: a tree of arrays."""
        del example, key
        return None

    @abc.abstractmethod
    def draw(
        self, example: Example, prepared: Any, key: Array, num_samples: int
    ) -> Draws:
        """Values of S posterior samples of one row."""

    def finish(self, value: Array, se: Array, arrays: Any) -> tuple[Array, Array]:
        """The score and its error from the mean [*C] of the draws and its error."""
        del arrays
        return value, se
