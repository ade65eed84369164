"""Training in memory: no run directory, one program for all tables of a structure.

N rows, B in a batch.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vaex.errors import RunError
from vaex.numerics import named_fold
from vaex.sklearn._program import Program
from vaex.sklearn._table import bucket
from vaex.training.state import TrainState, model_variables

Rows = Mapping[str, np.ndarray]

EVERY = 100
"""Steps in a call of the program, and between looks at held-out rows."""

FEWEST_ROWS, FEWEST_HELD_OUT = 512, 64
"""Smallest buckets that rows are cycled to."""

MOST_INDEPENDENT = 1024
"""Rows that independent columns are fitted to, at most."""

PRECISION = 5.0
"""Of the normal prior of each weight; its standard deviation is 0.45."""

RATES = (1.0, 0.3, 0.1)
"""Learning rates, as parts of the first: the next one where no progress is made."""


@dataclass(frozen=True)
class Options:
    """How a model is trained.

    Attributes:
      num_steps: most of them.
      learning_rate: Adam's first.
      patience: looks without a better held-out bound, after which the next of RATES
        begins from the best parameters so far.
      weights: of the objective.
      verbose: whether looks are told.
      may_be_independent: whether the model is one of independent columns where no
        other is better on the held-out rows.
    """

    num_steps: int
    learning_rate: float
    patience: int
    weights: Mapping[str, float]
    verbose: int = 0
    may_be_independent: bool = True


@dataclass(frozen=True)
class Fitted:
    """What training gives.

    Attributes:
      variables: of the model, numpy.
      num_steps: taken.
      held_out: loss of the held-out rows, nats a row; None without any.
      independent: that of independent columns, by the same head and training rows.
    """

    variables: dict[str, Any]
    num_steps: int
    held_out: float | None
    independent: float | None


def fit(
    program: Program,
    train: Rows,
    held_out: Rows | None,
    options: Options,
    seed: int,
) -> Fitted:
    """Trains from scratch, and holds the model against independent columns.

    Of few rows the weights are held near 0, by a prior; see `adam_with_prior`.

    Args:
      program: of the structure.
      train: [N, ...], as the structure has them.
      held_out: rows that only end training; None trains `num_steps` steps.
      options: see there.
      seed: of the start, the noise and the order.

    Raises:
      RunError: if the loss was not finite at any learning rate.
    """
    batch = program.structure.batch_size
    key = jax.random.key(seed)
    data = jax.device_put(_cycled(train, FEWEST_ROWS))
    watched = None
    if held_out is not None:
        watched = jax.device_put(_cycled(held_out, FEWEST_HELD_OUT))
    order = _order(train, batch, options.num_steps, seed)
    hparams = dict(program.experiment.hparams())
    hparams["optimizer.learning_rate"] = jnp.float32(options.learning_rate)
    hparams["optimizer.precision"] = jnp.float32(PRECISION / len(train["x"]))
    for name, value in options.weights.items():
        hparams[f"objective.{name}"] = jnp.float32(value)
    first = {name: a[order[0]] for name, a in train.items()}
    start = state = program.init(key, hparams, jax.device_put(first))
    look_key = named_fold(key, "held out")

    def look(state: TrainState) -> float:
        return float(program.look(state, look_key, watched))

    best, best_loss = state, np.inf if watched is None else look(state)
    step, stage, since, is_over = 0, 0, 0, False
    indices = np.zeros((EVERY, batch), np.int32)
    while step < options.num_steps and not is_over:
        count = min(EVERY, options.num_steps - step)
        indices[:count] = order[step : step + count]
        after, metrics = program.chunk(state, data, indices, np.int32(count))
        is_finite = bool(np.asarray(metrics["finite"])[:count].all())
        step += count
        state, improved = after, False
        if is_finite and watched is not None:
            loss = look(after)
            improved = loss < best_loss
            is_finite = bool(np.isfinite(loss))
            _say(options, step, "held-out", loss)
        elif is_finite:
            loss = float(np.asarray(metrics["loss"])[:count].mean())
            improved = True
            _say(options, step, "training", loss)
        since = 0 if improved else since + 1
        if improved:
            best, best_loss = after, loss
        if since >= options.patience or not is_finite:
            stage, since = stage + 1, 0
            is_over = stage >= len(RATES)
            if not is_over:
                rate = jnp.float32(options.learning_rate * RATES[stage])
                state = best._replace(
                    step=after.step,
                    hparams={**best.hparams, "optimizer.learning_rate": rate},
                )
    if not np.isfinite(best_loss):
        raise RunError(
            "the loss was not finite at any learning rate; give a smaller "
            f"learning_rate than {options.learning_rate}, or scale the data"
        )
    if watched is None:
        return Fitted(_variables(best), step, None, None)
    some = taken(train, _some(len(train["x"]), seed))
    some = jax.device_put(_cycled(some, FEWEST_ROWS))
    independent = program.independent(start, some)
    bare = look(independent)
    if options.may_be_independent and bare < best_loss:
        best, best_loss = independent, bare
    return Fitted(_variables(best), step, float(best_loss), bare)


def _variables(state: TrainState) -> dict[str, Any]:
    return jax.tree.map(np.asarray, jax.device_get(model_variables(state)))


def _some(total: int, seed: int) -> np.ndarray:
    """Numbers of rows that independent columns are fitted to."""
    every = np.arange(total)
    if total <= MOST_INDEPENDENT:
        return every
    return np.random.default_rng([seed, 4]).permutation(every)[:MOST_INDEPENDENT]


def _say(options: Options, step: int, what: str, loss: float) -> None:
    if options.verbose:
        text = (
            f"step {step} of at most {options.num_steps}: {what} loss {loss:.4f} nats"
        )
        sys.stdout.write(text + "\n")


def split(
    rows: Rows, fraction: float, seed: int, may: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the rows to train on, and of those held out.

    Args:
      rows: [N, ...].
      fraction: held out, of N; of few rows ten, but no more than a quarter. Below 20
        rows none are.
      seed: of the choice.
      may: [N], which may be held out; None for all.
    """
    total = len(rows["x"])
    every = np.arange(total)
    candidates = every if may is None else np.flatnonzero(may)
    size = max(int(np.ceil(fraction * total)), min(10, total // 4))
    if fraction <= 0 or total < 20 or len(candidates) < 2 * size:
        return every, every[:0]
    chosen = np.random.default_rng([seed, 1]).permutation(candidates)[:size]
    return np.setdiff1d(every, chosen), np.sort(chosen)


def taken(rows: Rows, numbers: np.ndarray) -> dict[str, np.ndarray]:
    """Some of the rows."""
    return {name: values[numbers] for name, values in rows.items()}


def _cycled(rows: Rows, least: int) -> dict[str, np.ndarray]:
    """The rows again and again until a bucket is full."""
    total = len(rows["x"])
    return taken(rows, np.arange(bucket(total, least)) % total)


def _order(rows: Rows, batch: int, num_steps: int, seed: int) -> np.ndarray:
    """Numbers of rows of each step, [num_steps, B]: epochs one after the other.

    Where some rows are labelled and some are not, half of each batch is of either.
    """
    generator = np.random.default_rng([seed, 2])
    label = rows.get("label")
    if label is None or (label >= 0).all() or (label < 0).all():
        return _epochs(generator, np.arange(len(rows["x"])), num_steps * batch).reshape(
            num_steps, batch
        )
    halves = [
        _epochs(generator, np.flatnonzero(chosen), num_steps * size)
        for chosen, size in ((label >= 0, batch // 2), (label < 0, batch - batch // 2))
    ]
    return np.concatenate([half.reshape(num_steps, -1) for half in halves], axis=1)


def _epochs(
    generator: np.random.Generator, numbers: np.ndarray, count: int
) -> np.ndarray:
    epochs = np.tile(numbers.astype(np.int32), (-(-count // len(numbers)), 1))
    return generator.permuted(epochs, axis=1).reshape(-1)[:count]
