"""Training on the latents, watched on those that are held out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from vaex.errors import InputError
from vaex.numerics import named_fold
from vaex.training.experiment import Experiment
from vaex.training.hparams import arguments
from vaex.training.loop import initial_state, iterate
from vaex.training.order import BatchOrder
from vaex.training.state import TrainState, model_variables, step_rngs

LEAST = 20
"""Fewest latents that are split in two."""

_HELD_OUT = 0.1


@dataclass(frozen=True)
class Patience:
    """How long to train.

    Attributes:
      steps: at most.
      every: steps between looks at the held-out tenth.
      looks: without improvement, after which training stops.
    """

    steps: int = 5000
    every: int = 100
    looks: int = 8

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {self!r}")


def fitted(
    experiment: Experiment,
    x: np.ndarray,
    seed: int,
    patience: Patience,
    say: Callable[[int, float], None],
    batch_size: int = 256,
) -> dict[str, Any]:
    """Trains on nine tenths of rows; the variables that the last tenth liked best.

    Args:
      experiment: its loss is nats per row.
      x: [N, L'], N at least `LEAST`.
      seed: of the split, the start and the order.
      patience: when to stop.
      say: is told step and held-out nats per row, minus the loss, at each look.
      batch_size: rows in a step; fewer where there are fewer.

    Returns:
      The model's variables.

    Raises:
      InputError: for fewer rows.
    """
    if len(x) < LEAST:
        raise InputError(
            f"a fit that holds out a tenth needs {LEAST} latents at "
            f"least, got {len(x)}; use Gaussian"
        )
    shuffled = x[np.random.default_rng(seed).permutation(len(x))]
    split = int(np.ceil(_HELD_OUT * len(x)))
    held_out, data = jax.device_put((shuffled[:split], {"x": shuffled[split:]}))
    rows = len(x) - split
    order = BatchOrder(seed, rows, min(batch_size, rows))
    root, options = experiment.root()
    key = named_fold(jax.random.key(seed), "held out")

    @jax.jit
    def loss(state: TrainState) -> Any:
        weights = {**options, **arguments(state.hparams, "objective", options)}
        variables = {"params": state.params, **state.variables}
        # The same noise at each look: what differs is the model.
        rngs, batch = step_rngs(key), {"x": held_out}
        return root.apply(variables, batch, train=False, weights=weights, rngs=rngs)[0]

    state = initial_state(experiment, data, order)
    best, found, since = -np.inf, jax.device_get(model_variables(state)), 0
    steps, every = patience.steps, patience.every
    for progress in iterate(
        experiment, data, order, state, num_steps=steps, boundaries=(every,)
    ):
        if progress.step % every and progress.step < steps:
            continue
        score = -float(loss(progress.state))
        say(progress.step, score)
        since += 1
        if score > best:
            best, since = score, 0
            found = jax.device_get(model_variables(progress.state))
        if since >= patience.looks:
            break
    return found
