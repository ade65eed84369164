"""One training step, and the compiled chunk of many."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

from vaex.numerics import named_fold
from vaex.training.experiment import Experiment
from vaex.training.hparams import arguments
from vaex.training.state import TrainState, step_rngs
from vaex.types import Metrics

Stored = Mapping[str, Array]


def make_step(
    experiment: Experiment,
) -> Callable[[TrainState, Stored], tuple[TrainState, Metrics]]:
    """A pure function (state, stored rows) -> (state, metrics).

    Rows are prepared, differentiated through the objective and turned into an
    update; all randomness comes from `fold_in(state.key, state.step)`.

    Returns:
      The step, not jitted. Metrics are scalars: `loss` and the objective's.
    """
    root, options = experiment.root()

    def step(state: TrainState, stored: Stored) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)
        batch = experiment.preparation(named_fold(key, "prepare"), stored)
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
                mutable=list(state.variables),
            )
            return loss, (metrics, variables)

        gradient = jax.value_and_grad(loss_fn, has_aux=True)
        (loss, (metrics, variables)), grads = gradient(state.params)
        optimizer = optax.with_extra_args_support(
            experiment.optimizer_of(state.hparams)
        )
        updates, opt_state = optimizer.update(
            grads, state.opt_state, state.params, value=loss
        )
        metrics = {"loss": loss, **metrics}
        state = state._replace(
            step=state.step + 1,
            params=optax.apply_updates(state.params, updates),
            variables=variables,
            opt_state=opt_state,
        )
        return state, metrics

    return step


def make_chunk(
    step: Callable[[TrainState, Stored], tuple[TrainState, Metrics]],
) -> Callable[[TrainState, Stored, Array, Array], tuple[TrainState, Metrics]]:
    """A function (state, data, indices [n_max, B], n) -> (state, metrics [n_max]).

    Runs n <= n_max steps in one program, gathering rows of device-resident data by
    index. n is traced, so that any remainder is the same compilation; metrics
    beyond n are 0. They include `finite`: whether each loss was, and at step n - 1
    whether the parameters after it are too (a test of every gradient would cost a
    pass over memory in each step).

    Returns:
      The chunk, not jitted; jit it with `donate_argnums=0`.
    """

    def chunk(
        state: TrainState, data: Stored, indices: Array, n: Array
    ) -> tuple[TrainState, Metrics]:
        def rows(i: Array) -> Stored:
            return jax.tree.map(lambda a: a[indices[i]], data)

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

        state, history = jax.lax.fori_loop(0, n, body, (state, empty))
        finite = jnp.isfinite(history["loss"])
        finite = finite.at[n - 1].min(_all_finite(state.params))
        return state, {**history, "finite": finite}

    return chunk


def _all_finite(tree: Any) -> Array:
    leaves = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]
    return jnp.array([True, *leaves]).all()
