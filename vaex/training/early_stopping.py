"""When to stop: the best held-out estimate so far, and how long ago it was."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from vaex.training.experiment import Experiment
from vaex.training.hparams import unwrap


@dataclass(frozen=True)
class EarlyStopping:
    """What the looks at held-out data have shown so far.

    Attributes:
      patience: looks in a row without improvement after which to stop; None for
        never.
      min_delta: an improvement is one by more than this, nats per example.
      best: highest value so far, of looks that improved; None before the first.
      best_step: steps done at that look.
      looks: those since then that improved nothing.

    >>> record = EarlyStopping(patience=2)
    >>> for step, elbo in [(10, -90.0), (20, -80.0), (30, -85.0), (40, -81.0)]:
    ...     record = record.update(step, elbo)
    >>> record.best_step, record.is_over
    (20, True)
    """

    patience: int | None = None
    min_delta: float = 0.0
    best: float | None = None
    best_step: int | None = None
    looks: int = 0

    def update(self, step: int, value: float, *, settled: bool = True) -> Self:
        """The record after one more look.

        Args:
          step: steps done.
          value: higher is better; one that is not finite is no improvement.
          settled: whether what is minimised has its final weights; a look before
            that is not comparable with later ones, and changes nothing.

        Returns:
          Another record; `best_step == step` in it if the look was the best.
        """
        if not settled:
            return self
        least = -math.inf if self.best is None else self.best + self.min_delta
        if math.isfinite(value) and value > least:
            return dataclasses.replace(self, best=value, best_step=step, looks=0)
        return dataclasses.replace(self, looks=self.looks + 1)

    @property
    def is_over(self) -> bool:
        """Whether patience has run out."""
        return self.patience is not None and self.looks >= self.patience

    def as_dict(self) -> dict[str, Any]:
        """What the looks have shown, for JSON."""
        return {"best": self.best, "best_step": self.best_step, "looks": self.looks}

    def resumed(self, found: Mapping[str, Any]) -> Self:
        """The record with what `as_dict` gave, and its own patience."""
        return dataclasses.replace(self, **found)


def settled(experiment: Experiment, step: int) -> bool:
    """Whether a look after this many steps counts for early stopping.

    While a KL warm-up lasts, the loss weighs the rate less than it will: the model
    is on its way to another optimum, and the held-out ELBO falls or rises for that
    reason alone. So a look counts if each schedule of the objective stood at full
    weight (1) in the last step, or will not change any more (one that falls to a
    floor). Of a cyclic schedule the looks at full weight count, of an objective
    without one all do, and of one that never comes to rest none.

    Args:
      experiment: whose objective may have schedules bound, as options whose names
        are `schedule` or end in `_schedule`.
      step: steps done.
    """
    _, options = unwrap(experiment.objective)
    found = {k: v for k, v in options.items() if f"_{k}".endswith("_schedule")}
    last = max(step - 1, 0)
    return all(_rests(s, last) for s in found.values() if s is not None)


def _rests(schedule: Callable[[int], Any], step: int) -> bool:
    now = float(schedule(step))
    if now >= 1.0:
        return True
    ahead = (2**power for power in range(31) if step + 2**power < 2**31)
    return all(float(schedule(step + steps)) == now for steps in ahead)
