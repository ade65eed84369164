"""What a model sets by a pass over the training set when training ends.

N examples.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.numerics import named_fold
from vaex.threefry import fold_in
from vaex.training.experiment import Experiment
from vaex.training.state import TrainState, model_variables, step_rngs

BLOCK = 512
"""Examples at a time; the result is the same for any number, up to rounding."""


def calibrate(
    experiment: Experiment, state: TrainState, data: Mapping[str, Array]
) -> TrainState:
    """The state with its `calibration` collection set from the whole training set.

    Each example is prepared, encoded and decoded once, with one posterior sample
    from its own fold of the state's key; the totals are added in float64.

    Args:
      experiment: what was trained.
      state: at the end of training.
      data: the training split as stored, name -> [N, ...].

    Returns:
      The state; the same one where nothing is calibrated.
    """
    model: Any = experiment.model
    if not getattr(model, "is_calibrated", False):
        return state
    variables, key = model_variables(state), named_fold(state.key, "calibrate")

    def example(variables: Any, row: Mapping[str, Array], index: Array) -> Any:
        own = fold_in(key, index)
        stored = jax.tree.map(lambda a: a[None], row)
        batch = experiment.preparation(named_fold(own, "prepare"), stored)
        totals = model.apply(
            variables, batch, rngs=step_rngs(own), method="calibration"
        )
        return jax.tree.map(jnp.sum, totals)

    compiled = jax.jit(jax.vmap(example, in_axes=(None, 0, 0)))
    count, sums = len(data["x"]), []
    for start in range(0, count, BLOCK):
        index = np.arange(start, start + BLOCK)
        used = min(BLOCK, count - start)
        index[used:] = start
        rows = {name: a[index] for name, a in data.items()}
        totals = jax.device_get(compiled(variables, rows, index.astype(np.int32)))
        sums.append(jax.tree.map(lambda a, n=used: a[:n].sum(0, np.float64), totals))
    totals = jax.tree.map(lambda *parts: np.sum(parts), *sums)
    found = {"model": model.calibrated(variables, totals)["calibration"]}
    kept = state.variables["calibration"]
    found = jax.tree.map(lambda old, new: jnp.asarray(new, old.dtype), kept, found)
    return state._replace(variables={**state.variables, "calibration": found})
