"""The one Python loop: compiled chunks, metrics fetched between them."""

import functools
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array

from vaex.errors import RunError
from vaex.numerics import seed_key
from vaex.training.calibration import calibrate
from vaex.training.experiment import Experiment
from vaex.training.feed import make_feed, ready
from vaex.training.hparams import Hparams
from vaex.training.order import BatchOrder
from vaex.training.placement import SINGLE, Placement
from vaex.training.processes import largest
from vaex.training.state import TrainState, make_init
from vaex.training.step import is_slow_in_loops, make_chunk, make_step

MAX_CHUNK = 512
"""Most steps in one call of the compiled program."""

MAX_INDICES = 2**22
"""Most row indices in one call: large batches make shorter chunks."""

TARGET_SECONDS = 0.3
"""What a chunk is made to take, so that progress is seen and dispatch is cheap."""


class Progress(NamedTuple):
    """What the loop hands over after a chunk.

    Attributes:
      state: the train state.
      step: steps done so far.
      metrics: name -> [n] float32, the n steps since the last; those of a skipped step
        are NaN.
      skipped: which of these steps were skipped.
    """

    state: TrainState
    step: int
    metrics: dict[str, np.ndarray]
    skipped: tuple[int, ...] = ()


class Diverged(RunError):
    """A step's loss, or the state after it, is not finite, and no more are skipped.

    Attributes:
      step: the step; its rows are `order.indices(step, 1)[0]`.
      state: what it started from, whose own `step` it is: the last good one.
      skipped: steps that the loop had skipped before it.
    """

    def __init__(
        self, step: int, state: TrainState | None = None, skipped: tuple[int, ...] = ()
    ):
        before = f", after {len(skipped)} skipped" if skipped else ""
        super().__init__(
            f"the loss or its gradient is not finite at step {step}{before}"
        )
        self.step = step
        self.state = state
        self.skipped = skipped


Initial = Callable[[Array, Hparams, Mapping[str, Array]], TrainState]


def make_initial(experiment: Experiment) -> Initial:
    """The compiled start of any run of a structure: (key, hparams, rows) -> state."""
    return jax.jit(lambda key, hparams, rows: make_init(experiment, rows)(key, hparams))


def initial_state(
    experiment: Experiment,
    data: Mapping[str, Any],
    order: BatchOrder,
    init: Initial | None = None,
) -> TrainState:
    """The train state at step 0 of the run with this seed.

    Args:
      experiment: what is trained.
      data: the training split, on the device or where it is stored.
      order: whose first batch starts data-initialised parts.
      init: `make_initial` of the structure, where many runs share it.
    """
    init = init or make_initial(experiment)
    key, rows = seed_key(order.seed), _first_rows(data, order)
    return init(key, experiment.hparams(), rows)


def _first_rows(data: Mapping[str, Any], order: BatchOrder) -> Mapping[str, Array]:
    first = order.indices(0, 1)[0]
    return {
        name: _taken(a, first) if isinstance(a, Array) else jax.device_put(a[first])
        for name, a in data.items()
    }


@jax.jit
def _taken(rows: Array, index: Array) -> Array:
    """As `rows[index]`, which outside of a program is eight small ones."""
    return rows[index]


def iterate(
    experiment: Experiment,
    data: Mapping[str, Array],
    order: BatchOrder,
    state: TrainState,
    *,
    num_steps: int,
    boundaries: Collection[int] = (),
    max_skipped: int | None = 0,
    skipped: int = 0,
    placement: Placement = SINGLE,
) -> Iterator[Progress]:
    """Trains from `state` to step `num_steps`, chunk by chunk.

    Chunks grow until one takes about TARGET_SECONDS; how the steps are cut into
    chunks changes no bit of the result.

    No step is guarded: a chunk says afterwards whether it was finite, and one that was
    not is gone through again from its start, one step at a time by the same program,
    so that good steps keep their bits. A step with a loss that is not finite, or one
    that leaves a state which is not `vaex.training.step.sound`, is skipped: only the
    state's `step` goes on, and with it the order and the noise.

    Args:
      experiment: what is trained.
      data: the training split as stored, name -> [N, ...], as `feed.ready` gives it:
        on the device, from where it is copied to the others where there are several,
        or streamed from disk.
      order: which rows each step sees.
      state: where to start.
      num_steps: last step.
      boundaries: chunks also end at multiples of each of these numbers of steps.
      max_skipped: how many steps of the run may be skipped; 0 stops at the first, None
        allows ten, but no more than one of `num_steps` in a hundred.
      skipped: how many of them were before `state`.
      placement: the devices that share each step.

    Yields:
      Progress after each chunk, its state on the first device.

    Raises:
      Diverged: at the first step that would have to be skipped and may not.
    """
    # Not donated: what a chunk started from is there to go through it again.
    step_of_rows = make_step(experiment)
    compiled = placement.jit(make_chunk(placement.divides(step_of_rows)))
    allowed = min(10, num_steps // 100) if max_skipped is None else max_skipped
    longest = max(1, min(MAX_CHUNK, MAX_INDICES // order.batch_size))
    if is_slow_in_loops(step_of_rows, state, lambda: _first_rows(data, order)):
        longest = 1

    feed = make_feed(data, order, longest, num_steps, placement.everywhere)

    def chunk(
        state: TrainState, data: Mapping[str, Array], rows: np.ndarray
    ) -> tuple[TrainState, Any]:
        indices = np.zeros((feed.longest, order.batch_size), np.int32)
        indices[: len(rows)] = rows
        state, history = compiled(state, data, indices, np.int32(len(rows)))
        return state, {k: v[: len(rows)] for k, v in jax.device_get(history).items()}

    state = placement.shared(state)
    step, length, left_out = int(state.step), 1, ()
    while step < num_steps:
        stop = min(step + length, num_steps, feed.end(step))
        stop = min([stop, *(step - step % every + every for every in boundaries)])
        held, rows = feed.take(step, stop - step)
        started = time.perf_counter()
        after, metrics = chunk(state, held, rows)
        # One length for all processes: collectives must meet.
        (seconds,) = largest((time.perf_counter() - started,))
        now: tuple[int, ...] = ()
        if not metrics.pop("finite").all():
            left = allowed - skipped - len(left_out)
            try:
                after, metrics, now = _guarded(
                    functools.partial(chunk, data=held), state, rows, left, left_out
                )
            except Diverged as error:
                error.state = placement.here(error.state)
                raise
            left_out += now
        elif len(rows) == length and seconds < TARGET_SECONDS:
            length = min(2 * length, feed.longest)
        elif len(rows) > 1 and seconds > 3 * TARGET_SECONDS:
            length = max(1, length // 2)
        step, state = stop, after
        yield Progress(placement.here(state), step, metrics, now)


def _guarded(
    chunk: Callable[..., tuple[TrainState, Any]],
    state: TrainState,
    rows: np.ndarray,
    left: int,
    before: tuple[int, ...],
) -> tuple[TrainState, dict[str, np.ndarray], tuple[int, ...]]:
    """A chunk's state, metrics and skipped steps, at most `left` of them."""
    history: list[dict[str, np.ndarray]] = []
    skipped: tuple[int, ...] = ()
    for row in rows:
        after, metrics = chunk(state, rows=row[None])
        if not metrics.pop("finite").all():
            step = int(state.step)
            if len(skipped) >= left:
                raise Diverged(step, state, before + skipped)
            skipped += (step,)
            after = state._replace(step=state.step + 1)
            metrics = {k: np.full(1, np.nan, np.float32) for k in metrics}
        history.append(metrics)
        state = after
    joined = {k: np.concatenate([m[k] for m in history]) for k in history[0]}
    return state, joined, skipped


def fit(
    experiment: Experiment,
    data: Mapping[str, np.ndarray],
    *,
    epochs: int,
    batch_size: int = 128,
    seed: int = 0,
    devices: int | str = 1,
) -> tuple[TrainState, dict[str, np.ndarray]]:
    """Trains from scratch and returns the state and the metrics of every step.

    A head that is calibrated is so at the end.

    Args:
      experiment: what is trained.
      data: the training split as stored, name -> [N, ...]; see `vaex.data`.
      epochs: passes over the data.
      batch_size: examples a step; at most N.
      seed: of initialisation, noise and order.
      devices: how many share each step, or "all"; see `vaex.training.placement`.

    Returns:
      The final state, on one device, and name -> [number of steps].
    """
    order = BatchOrder(seed, len(data["x"]), min(batch_size, len(data["x"])))
    placement = Placement.of(devices, order.batch_size)
    device = ready(data)
    state = initial_state(experiment, device, order)
    history: list[dict[str, np.ndarray]] = []
    num_steps = epochs * order.steps_per_epoch
    for progress in iterate(
        experiment, device, order, state, num_steps=num_steps, placement=placement
    ):
        state = progress.state
        history.append(progress.metrics)
    state = calibrate(experiment, state, device)
    names = history[0] if history else {}
    return state, {k: np.concatenate([m[k] for m in history]) for k in names}
