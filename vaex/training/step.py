"""One training step, and the compiled chunk of many."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

from vaex.numerics import named_fold
from vaex.threefry import fold_in
from vaex.training.experiment import Experiment
from vaex.training.hparams import arguments
from vaex.training.skipping import skip_long_gradient
from vaex.training.state import TrainState, step_rngs
from vaex.types import Batch, Metrics

Stored = Mapping[str, Array]


Gradient = tuple[tuple[Array, tuple[Metrics, Any]], Any]
"""((loss, (metrics, variables)), gradient by the parameters)."""


def prepared(
    experiment: Experiment, state: TrainState, stored: Stored
) -> tuple[Array, Batch]:
    """The key of the state's next step, and its batch from stored rows."""
    key = fold_in(state.key, state.step)
    return key, experiment.preparation(named_fold(key, "prepare"), stored)


def make_gradient(
    experiment: Experiment, mutable: tuple[str, ...] = ()
) -> Callable[[TrainState, Array, Batch], Gradient]:
    """A pure function (state, key, batch) -> loss, metrics, variables, gradient.

    Args:
      experiment: what is trained.
      mutable: more collections that modules may write to, for what looks on.
    """
    root, options = experiment.root()

    def gradient(state: TrainState, key: Array, batch: Batch) -> Gradient:
        numbers = arguments(state.hparams, "objective", options)
        weights = {**options, **numbers}

        def loss_fn(params):
            (loss, metrics), variables = root.apply(
                {"params": params, **state.variables},
                batch,
                train=True,
                weights=weights,
                step=state.step,
                rngs=step_rngs(key),
                mutable=[*state.variables, *mutable],
            )
            return loss, (metrics, variables)

        return jax.value_and_grad(loss_fn, has_aux=True)(state.params)

    return gradient


def updated(
    experiment: Experiment, state: TrainState, grads: Any, loss: Array
) -> tuple[Any, Any]:
    """Parameters and optimizer state after a step with this gradient."""
    optimizer = optax.with_extra_args_support(experiment.optimizer_of(state.hparams))
    updates, opt_state = optimizer.update(
        grads, state.opt_state, state.params, value=loss
    )
    return optax.apply_updates(state.params, updates), opt_state


def make_step(
    experiment: Experiment,
) -> Callable[[TrainState, Stored], tuple[TrainState, Metrics]]:
    """A pure function (state, stored rows) -> (state, metrics).

    Rows are prepared, differentiated through the objective and turned into an
    update; all randomness comes from `fold_in(state.key, state.step)`.

    Returns:
      The step, not jitted. Metrics are scalars: `loss` and the objective's, and
      with `updates.skip_above` what `skip_long_gradient` says.
    """
    gradient = make_gradient(experiment)

    def step(state: TrainState, stored: Stored) -> tuple[TrainState, Metrics]:
        key, batch = prepared(experiment, state, stored)
        (loss, (metrics, variables)), grads = gradient(state, key, batch)
        params, opt_state = updated(experiment, state, grads, loss)
        after = state._replace(
            step=state.step + 1,
            params=params,
            variables=variables,
            opt_state=opt_state,
        )
        metrics = {"loss": loss, **metrics}
        bound = experiment.updates.skip_above
        if bound is not None:
            after, skipping = skip_long_gradient(bound, grads, state, after)
            metrics |= skipping
        return after, metrics

    return step


def make_chunk(
    step: Callable[[TrainState, Stored], tuple[TrainState, Metrics]],
) -> Callable[[TrainState, Stored, Array, Array], tuple[TrainState, Metrics]]:
    """A function (state, data, indices [n_max, B], n) -> (state, metrics [n_max]).

    Runs n <= n_max steps in one program, gathering rows of device-resident data by
    index. n is traced, so that any remainder is the same compilation; metrics
    beyond n are 0. They include `finite`: whether each loss was, and at step n - 1
    whether the state after it is `sound` (a test of every gradient would cost a pass
    over memory in each step).

    Where n_max is 1 the program has no loop; see `is_slow_in_loops`.

    Returns:
      The chunk, not jitted.
    """
    # Asked for its shapes and then computed, but traced once.
    step = jax.jit(step, inline=True)

    def chunk(
        state: TrainState, data: Stored, indices: Array, n: Array
    ) -> tuple[TrainState, Metrics]:
        def rows(i: Array) -> Stored:
            return jax.tree.map(lambda a: _rows_of(a, indices[i]), data)

        shapes = jax.eval_shape(lambda state: step(state, rows(jnp.int32(0)))[1], state)
        empty = jax.tree.map(
            lambda m: jnp.zeros((indices.shape[0], *m.shape), m.dtype), shapes
        )

        def body(
            i: Array, carry: tuple[TrainState, Metrics]
        ) -> tuple[TrainState, Metrics]:
            state, history = carry
            state, metrics = step(state, rows(i))
            history = jax.tree.map(lambda h, m: h.at[i].set(m), history, metrics)
            return state, history

        start = (state, empty)
        if indices.shape[0] == 1:
            after, history = body(jnp.int32(0), start)
        else:
            after, history = jax.lax.fori_loop(0, n, body, start)
        finite = jnp.isfinite(history["loss"])
        finite = finite.at[n - 1].min(sound(state, after))
        return after, {**history, "finite": finite}

    return chunk


def _rows_of(a: Array, index: Array) -> Array:
    """Rows [B, ...] of [N, ...], as vectors: those XLA's CPU code copies whole."""
    rows = a.reshape(len(a), math.prod(a.shape[1:]))[index]
    return rows.reshape(len(index), *a.shape[1:])


def is_slow_in_loops(
    step: Callable[[TrainState, Stored], tuple[TrainState, Metrics]],
    state: TrainState,
    rows: Callable[[], Stored],
) -> bool:
    """Whether a step is better dispatched one by one than from a loop on the device.

    So it is on a CPU where there are convolutions: XLA:CPU computes their gradients
    many times slower inside of a loop. It is asked of the program and not of a clock,
    so that a run has the same bits each time.

    Args:
      step: not jitted.
      state: what it starts from.
      rows: gives those of a batch, where they are needed.
    """
    kernels = any(leaf.ndim > 2 for leaf in jax.tree.leaves(state.params))
    if not kernels or jax.default_backend() != "cpu":
        return False
    return "conv_general_dilated" in str(jax.make_jaxpr(step)(state, rows()))


def sound(before: TrainState, after: TrainState) -> Array:
    """Whether steps left a state to go on from, a bool.

    Its parameters are finite, and what was finite of the optimizer's state and of the
    other variables still is. A second moment that has overflowed gives updates of 0:
    parameters that are frozen, with a loss that looks well. What was infinite before
    may be (the best value so far of `optax.contrib.reduce_on_plateau` starts so).
    """
    kept = zip(
        jax.tree.leaves((before.variables, before.opt_state)),
        jax.tree.leaves((after.variables, after.opt_state)),
        strict=True,
    )
    found = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(after.params)]
    found += [
        (jnp.isfinite(new) | ~jnp.isfinite(old)).all()
        for old, new in kept
        if jnp.issubdtype(new.dtype, jnp.inexact)
    ]
    return jnp.array([True, *found]).all()
