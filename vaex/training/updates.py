"""What is done around any optimizer: the `updates` part of a configuration."""

import math
from dataclasses import dataclass
from typing import Any

import optax

from vaex.errors import InputError
from vaex.training.weight_average import averaging_weights

_RANGES = {
    "clip_norm": (0.0, math.inf, "above 0"),
    "skip_above": (0.0, math.inf, "above 0"),
    "weight_average": (0.0, 1.0, "between 0 and 1, both excluded"),
    "plateau_factor": (0.0, 1.0, "between 0 and 1, both excluded"),
    "batch_size_exponent": (0.0, math.inf, "above 0"),
}
"""Field -> open interval that it lies in, and the same in words."""

_COUNTS = ("accumulate", "plateau_patience", "plateau_window", "reference_batch_size")


@dataclass(frozen=True)
class UpdatesConfig:
    """The `updates` part of a configuration; by default nothing is done.

    A gradient above `skip_above` is left out; of what is left, `accumulate` ones are
    averaged; their mean is clipped and given to the optimizer, whose update is scaled
    by the plateau and the batch size; the parameters after it enter the average.
    `trainer.steps`, metrics and the objective's schedules count gradients. What
    comes after `accumulate` counts updates: the optimizer's schedule, the plateau's
    window and patience, the average. Gradients of an unfinished group are lost when
    training ends.

    Attributes:
      clip_norm: global norm over all parameters, the objective's too, that a longer
        gradient is scaled down to; None for no clipping.
      skip_above: global norm of one step's gradient above which that step changes
        nothing but the count of steps; see `vaex.training.skipping`. None for none.
      accumulate: steps whose gradients are averaged into one update.
      weight_average: decay of a moving average of the parameters, which everything
        but training then uses; see `vaex.training.weight_average`. None for none.
      plateau_patience: windows in a row without a new lowest mean loss after which
        the learning rate is multiplied by `plateau_factor`, for good; None for never.
        The loss is the training loss: a weight that warms up moves it.
      plateau_factor: in (0, 1).
      plateau_window: updates whose losses are averaged; with `accumulate` the loss of
        the last step of each.
      reference_batch_size: batch size that the learning rate was chosen for; for
        another it is multiplied by (B accumulate / reference)^exponent. None for no
        scaling.
      batch_size_exponent: 1 keeps the sum of steps over the same examples, as for
        SGD; 0.5 keeps their variance.

    Source: clipping: Pascanu, Mikolov, Bengio, "On the difficulty of training
      recurrent neural networks", ICML 2013, https://arxiv.org/abs/1211.5063; skipping:
      Child, "Very Deep VAEs", ICLR 2021, https://arxiv.org/abs/2011.10650; exponent 1:
      Goyal et al., "Accurate, Large Minibatch SGD", 2017,
      https://arxiv.org/abs/1706.02677; 0.5: Krizhevsky, "One weird trick for
      parallelizing convolutional neural networks", 2014,
      https://arxiv.org/abs/1404.5997.

    >>> UpdatesConfig(reference_batch_size=100).rate_multiplier(200)
    2.0
    """

    clip_norm: float | None = None
    skip_above: float | None = None
    accumulate: int = 1
    weight_average: float | None = None
    plateau_patience: int | None = None
    plateau_factor: float = 0.5
    plateau_window: int = 100
    reference_batch_size: int | None = None
    batch_size_exponent: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high, words) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low < value < high:
                raise InputError(f"updates.{name} must be {words}, got {value}")
        for name in _COUNTS:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"updates.{name} must be at least 1, got {value}")

    def rate_multiplier(self, batch_size: int | None) -> float:
        """What the learning rate is multiplied by for batches of B examples."""
        if self.reference_batch_size is None:
            return 1.0
        if batch_size is None:
            raise InputError(
                "batch_size of the Experiment must be given where "
                f"updates.reference_batch_size is ({self.reference_batch_size})"
            )
        examples = batch_size * self.accumulate
        return (examples / self.reference_batch_size) ** self.batch_size_exponent

    def around(
        self, optimizer: optax.GradientTransformation, batch_size: int | None = None
    ) -> optax.GradientTransformation:
        """The optimizer with all of this but `skip_above`, which is the step's.

        Args:
          optimizer: any; given the loss as `value`.
          batch_size: B of a step, needed with `reference_batch_size`.

        Returns:
          The optimizer itself where nothing is to be done.
        """
        parts = [optimizer]
        if self.clip_norm is not None:
            parts.insert(0, optax.clip_by_global_norm(self.clip_norm))
        if self.plateau_patience is not None:
            parts.append(self._plateau(self.plateau_patience))
        if self.reference_batch_size is not None:
            # Of the update, so that it holds for every optimizer: updates are
            # proportional to the learning rate, weight decay's share too.
            parts.append(optax.scale(self.rate_multiplier(batch_size)))
        if len(parts) > 1:
            optimizer = optax.chain(*parts)
        if self.weight_average is not None:
            optimizer = averaging_weights(optimizer, self.weight_average)
        if self.accumulate > 1:
            several = optax.MultiSteps(optimizer, self.accumulate)
            optimizer = _transformation(several)
        return optimizer

    def _plateau(self, patience: int) -> optax.GradientTransformation:
        return optax.contrib.reduce_on_plateau(
            factor=self.plateau_factor,
            patience=patience,
            # Relative to the best, a loss below 0 improves by getting worse. Any
            # positive number too small to change a float32 stands for 0.
            rtol=0.0,
            atol=1e-30,
            accumulation_size=self.plateau_window,
        )


def _transformation(several: optax.MultiSteps) -> optax.GradientTransformationExtraArgs:
    """Its own `gradient_transformation()` does not hand the loss on."""

    def update(
        updates: Any, state: Any, params: Any = None, **extra: Any
    ) -> tuple[Any, Any]:
        return several.update(updates, state, params, **extra)

    return optax.GradientTransformationExtraArgs(several.init, update)
