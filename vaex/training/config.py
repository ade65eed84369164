"""How long and in what portions a run trains."""

import itertools
import math
from dataclasses import dataclass

from vaex.errors import InputError

DEFAULT_BATCH_SIZE = 128


@dataclass(frozen=True)
class TrainConfig:
    """The `trainer` part of a configuration.

    Attributes:
      epochs: passes over the training split; exactly one of epochs and steps rules,
        and steps does where it is given.
      steps: optimizer steps; with `updates.accumulate` above 1 gradients, several of
        which make one update.
      batch_size: B; None means 128, or all the data where they are fewer.
      log_every: steps averaged into one row of metrics.jsonl.
      evaluate_every: epochs between estimates on held-out data; 0 for none, None
        for about twenty in a run.
      evaluate_at: steps of these estimates, increasing, in place of `evaluate_every`:
        for curves on a logarithmic axis. There is one at the last step in any case.
      evaluate_examples: how many held-out examples these see, the first ones.
      max_skipped: steps of the run that may be left out because their loss, gradient
        or state is not finite; the next one ends it. 0 stops at the first; None allows
        ten, but no more than one step in a hundred: a rare overflow shall not cost a
        long run, and a short one that diverges shall not look finished.
      patience: estimates on held-out data without improvement after which training
        stops; None to train to the end. See `vaex.training.early_stopping`.
      min_delta: an improvement is one by more than this, in nats per example.
      keep_best: whether the state of the best estimate is what the run ends with.
      devices: how many share each step, or "all"; see `vaex.training.placement`.

    >>> TrainConfig(epochs=2).num_steps(steps_per_epoch=10)
    20
    """

    epochs: int | None = 100
    steps: int | None = None
    batch_size: int | None = None
    log_every: int = 50
    evaluate_every: int | None = None
    evaluate_at: list[int] | None = None
    evaluate_examples: int = 1000
    max_skipped: int | None = None
    patience: int | None = None
    min_delta: float = 0.0
    keep_best: bool = False
    devices: int | str = 1

    def __post_init__(self) -> None:
        if self.epochs is None and self.steps is None:
            raise InputError("one of trainer.epochs and trainer.steps must be given")
        if self.devices != "all" and type(self.devices) is not int:
            raise InputError(
                'trainer.devices must be a number of devices or "all", got '
                f"{self.devices!r}"
            )
        lowest = {"evaluate_every": 0, "min_delta": 0, "max_skipped": 0}
        for name in self.__dataclass_fields__:
            value, least = getattr(self, name), lowest.get(name, 1)
            if value is None or isinstance(value, bool | str | list | tuple):
                continue
            if not math.isfinite(value):
                raise InputError(f"trainer.{name} must be finite, got {value}")
            if value < least:
                raise InputError(
                    f"trainer.{name} must be at least {least}, got {value}"
                )
        self._check_evaluate_at()
        for name, given in [("patience", self.patience), ("keep_best", self.keep_best)]:
            if given and self.evaluate_every == 0:
                raise InputError(
                    f"trainer.{name}={str(given).lower()} needs estimates on held-out "
                    "data, got trainer.evaluate_every=0; leave that out"
                )

    def _check_evaluate_at(self) -> None:
        at = self.evaluate_at
        if at is None:
            return
        if self.evaluate_every is not None:
            raise InputError(
                "trainer.evaluate_at and trainer.evaluate_every exclude each other, "
                f"got {list(at)} and {self.evaluate_every}; leave one out"
            )
        if not at or at[0] < 1 or any(a >= b for a, b in itertools.pairwise(at)):
            raise InputError(
                "trainer.evaluate_at must hold increasing steps from 1 on, got "
                f"{list(at)}"
            )

    def num_steps(self, steps_per_epoch: int) -> int:
        """Steps of the whole run."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return self.epochs * steps_per_epoch

    def boundary(self, steps_per_epoch: int) -> int | None:
        """Estimates on held-out data are at multiples of this step, None for none.

        At all of them, unless `evaluate_at` chooses some: see `looks_at`.
        """
        if self.evaluate_at is not None:
            return math.gcd(*self.evaluate_at)
        if self.evaluate_every == 0:
            return None
        if self.evaluate_every is not None:
            return self.evaluate_every * steps_per_epoch
        epochs = self.num_steps(steps_per_epoch) / steps_per_epoch
        return max(1, round(epochs / 20)) * steps_per_epoch

    def looks_at(self, step: int, steps_per_epoch: int) -> bool:
        """Whether there is an estimate on held-out data after this step.

        >>> config = TrainConfig(steps=9, evaluate_at=[1, 3])
        >>> [step for step in range(1, 10) if config.looks_at(step, 2)]
        [1, 3, 9]
        """
        every = self.boundary(steps_per_epoch)
        if every is None:
            return False
        if step == self.num_steps(steps_per_epoch):
            return True
        if self.evaluate_at is not None:
            return step in self.evaluate_at
        return step % every == 0

    def batch_size_for(self, num_examples: int) -> int:
        """B for this many examples.

        Raises:
          InputError: if a batch was asked for that is larger than the data.
        """
        if self.batch_size is None:
            return min(DEFAULT_BATCH_SIZE, num_examples)
        if self.batch_size > num_examples:
            raise InputError(
                f"trainer.batch_size={self.batch_size} is larger than the "
                f"{num_examples} training examples; leave it out or lower it"
            )
        return self.batch_size
