"""The train state, and how it starts."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from vaex.numerics import named_fold
from vaex.training.experiment import Experiment
from vaex.training.hparams import Hparams, arguments
from vaex.training.weight_average import averaged


class TrainState(NamedTuple):
    """Everything that a step changes or reads: arrays only.

    It can be stacked, mapped, donated and saved.

    Attributes:
      step: int32, number of steps taken.
      params: {"model": ..., "objective"?: ...}.
      variables: the other Linen collections (batch_stats, codebook).
      opt_state: the optimizer's.
      key: typed key; step t draws from `fold_in(key, t)`.
      hparams: path -> float32.
    """

    step: Array
    params: Any
    variables: Any
    opt_state: Any
    key: Array
    hparams: Hparams


RNGS = ("sample", "objective", "dropout")
"""Random streams of a step; each is a named fold of its key."""


def step_rngs(key: Array) -> dict[str, Array]:
    """The streams that modules draw from."""
    return {name: named_fold(key, name) for name in RNGS}


def make_init(
    experiment: Experiment, stored: Mapping[str, Array]
) -> Callable[[Array, Hparams], TrainState]:
    """A function (key, hparams) -> TrainState.

    Args:
      experiment: what is trained.
      stored: rows of the data set as they are stored, name -> [B, ...]; they fix
        shapes and start data-initialised parts.

    Returns:
      A pure function, not jitted: it can be mapped over keys and hparams.
    """
    root, options = experiment.root()

    def init(key: Array, hparams: Hparams) -> TrainState:
        init_key = named_fold(key, "init")
        batch = experiment.preparation(named_fold(init_key, "prepare"), stored)
        rngs = {"params": named_fold(init_key, "params"), **step_rngs(init_key)}
        weights = {**options, **arguments(hparams, "objective", options)}
        variables = root.init(rngs, batch, train=True, weights=weights)
        params: Any = variables.get("params", {})
        starts = getattr(experiment.model, "initial_params", None)
        if starts is not None:
            own = starts(params["model"], named_fold(init_key, "initial_params"))
            params = {**params, "model": own}
        rest = {name: value for name, value in variables.items() if name != "params"}
        optimizer = experiment.optimizer_of(hparams)
        state = TrainState(
            step=jnp.int32(0),
            params=params,
            variables=rest,
            opt_state=optimizer.init(params),
            key=named_fold(key, "train"),
            hparams=dict(hparams),
        )
        # Optimizer state that starts equal to params must not alias them: the
        # state is donated.
        return jax.tree.map(jnp.copy, state)

    return init


def model_variables(state: TrainState) -> dict[str, Any]:
    """The model's share of a state's variables, for `model.apply`.

    Averaged parameters where the optimizer keeps them (`updates.weight_average`).
    """
    average = averaged(state.opt_state)
    params = state.params if average is None else average
    collections = {"params": params, **state.variables}
    return {k: v["model"] for k, v in collections.items() if "model" in v}
