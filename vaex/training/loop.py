"""The one Python loop: compiled chunks, metrics fetched between them."""

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import jax
import numpy as np
from jax import Array

from vaex.errors import RunError
from vaex.training.calibration import calibrate
from vaex.training.experiment import Experiment
from vaex.training.order import BatchOrder
from vaex.training.state import TrainState, make_init
from vaex.training.step import make_chunk, make_step

MAX_CHUNK = 512
"""Most steps in one call of the compiled program."""

MAX_INDICES = 2**22
"""Most row indices in one call: large batches make shorter chunks."""

TARGET_SECONDS = 0.3
"""What a chunk is made to take, so that progress is seen and dispatch is cheap."""


class Progress(NamedTuple):
    """What the loop hands over after a chunk.

    Attributes:
      state: the train state; donated when the loop goes on, so copy what is kept.
      step: steps done so far.
      metrics: name -> [n] float32, the n steps since the last.
    """

    state: TrainState
    step: int
    metrics: dict[str, np.ndarray]


class Diverged(RunError):
    """The loss or its gradient is not finite.

    Attributes:
      step: the first such step.
    """

    def __init__(self, step: int):
        super().__init__(
            f"the loss or its gradient is not finite at step {step}; try a lower "
            "optimizer.learning_rate or a higher likelihood.min_scale"
        )
        self.step = step


def initial_state(
    experiment: Experiment, data: Mapping[str, Array], order: BatchOrder
) -> TrainState:
    """The train state at step 0 of the run with this seed."""
    first = order.indices(0, 1)[0]
    init = make_init(experiment, {name: a[first] for name, a in data.items()})
    return jax.jit(init)(jax.random.key(order.seed), experiment.hparams())


def iterate(
    experiment: Experiment,
    data: Mapping[str, Array],
    order: BatchOrder,
    state: TrainState,
    *,
    num_steps: int,
    boundary: int | None = None,
) -> Iterator[Progress]:
    """Trains from `state` to step `num_steps`, chunk by chunk.

    Chunks grow until one takes about TARGET_SECONDS; how the steps are cut into
    chunks changes no bit of the result.

    Args:
      experiment: what is trained.
      data: the training split as stored, name -> [N, ...], on the device.
      order: which rows each step sees.
      state: where to start; donated.
      num_steps: last step.
      boundary: chunks also end at multiples of this many steps.

    Yields:
      Progress after each chunk.

    Raises:
      Diverged: after a chunk in which a loss or gradient was not finite.
    """
    chunk = jax.jit(make_chunk(make_step(experiment)), donate_argnums=0)
    longest = max(1, min(MAX_CHUNK, MAX_INDICES // order.batch_size))
    step, length = int(state.step), 1
    while step < num_steps:
        stop = min(step + length, num_steps)
        if boundary:
            stop = min(stop, step - step % boundary + boundary)
        n = stop - step
        indices = np.zeros((longest, order.batch_size), np.int32)
        indices[:n] = order.indices(step, n)
        started = time.perf_counter()
        state, history = chunk(state, data, indices, np.int32(n))
        metrics = {k: v[:n] for k, v in jax.device_get(history).items()}
        seconds = time.perf_counter() - started
        finite = metrics.pop("finite")
        if not finite.all():
            raise Diverged(step + int(np.argmin(finite)))
        if n == length and seconds < TARGET_SECONDS:
            length = min(2 * length, longest)
        elif n > 1 and seconds > 3 * TARGET_SECONDS:
            length = max(1, length // 2)
        step = stop
        yield Progress(state, step, metrics)


def fit(
    experiment: Experiment,
    data: Mapping[str, np.ndarray],
    *,
    epochs: int,
    batch_size: int = 128,
    seed: int = 0,
) -> tuple[TrainState, dict[str, np.ndarray]]:
    """Trains from scratch and returns the state and the metrics of every step.

    A head that is calibrated is so at the end.

    Args:
      experiment: what is trained.
      data: the training split as stored, name -> [N, ...]; see `vaex.data`.
      epochs: passes over the data.
      batch_size: examples a step; at most N.
      seed: of initialisation, noise and order.

    Returns:
      The final state, and name -> [number of steps].
    """
    device = jax.device_put(dict(data))
    order = BatchOrder(seed, len(data["x"]), min(batch_size, len(data["x"])))
    state = initial_state(experiment, device, order)
    history: list[dict[str, np.ndarray]] = []
    num_steps = epochs * order.steps_per_epoch
    for progress in iterate(experiment, device, order, state, num_steps=num_steps):
        state = progress.state
        history.append(progress.metrics)
    state = calibrate(experiment, state, device)
    names = history[0] if history else {}
    return state, {k: np.concatenate([m[k] for m in history]) for k in names}
