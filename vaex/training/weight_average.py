"""An exponential moving average of the parameters, kept beside the optimizer's state.

`vaex.training.state.model_variables` gives the averages to evaluation, sampling,
figures and export; training goes on from the parameters themselves.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from vaex.errors import InputError


class WeightAverageState(NamedTuple):
    """Optimizer state with averages.

    Attributes:
      count: int32, updates averaged over.
      average: tree like the parameters; those at the start until the first update.
      inner: state of the optimizer itself.
    """

    count: Array
    average: Any
    inner: Any


def averaging_weights(
    optimizer: optax.GradientTransformation, decay: float
) -> optax.GradientTransformationExtraArgs:
    """The same updates, and the average of the parameters after each of them.

    After t updates the average is sum_s d^(t-s) p_s / sum_s d^(t-s), s = 1 ... t, of
    the parameters p_s after each update: recent ones weigh most, and those that
    training started from nothing. It is computed in place, as
    a_t = a_{t-1} + (p_t - a_{t-1}) (1 - d) / (1 - d^t), which is Adam's bias
    correction with the division done as it goes.

    Args:
      optimizer: any; its updates must be the ones that are applied, so nothing that
        scales them may come after.
      decay: d, in (0, 1); the average spans about 1 / (1 - d) updates.

    Returns:
      The transformation; it needs `params`.

    Raises:
      InputError: if the decay lies elsewhere.

    Numerics: float32 parameters lose increments below 6e-8 of themselves, which starts
      to matter for decays above 0.9999. What a module keeps outside its parameters
      (running statistics) is not averaged.

    Source: the correction: Kingma, Ba, "Adam", ICLR 2015, section 3,
      https://arxiv.org/abs/1412.6980; averages of the weights of networks: Tarvainen,
      Valpola, "Mean teachers are better role models", NeurIPS 2017,
      https://arxiv.org/abs/1703.01780 (there without a correction).

    >>> optimizer = averaging_weights(optax.sgd(1.0), decay=0.5)
    >>> state = optimizer.init(8.0)
    >>> _, state = optimizer.update(2.0, state, 8.0)  # to 6
    >>> _, state = optimizer.update(3.0, state, 6.0)  # to 3: (0.5 * 6 + 3) / 1.5
    >>> float(state.average)
    4.0
    """
    if not 0.0 < decay < 1.0:
        raise InputError(f"decay must lie between 0 and 1, got {decay}")
    wrapped, log_decay = optax.with_extra_args_support(optimizer), math.log(decay)

    def init(params: Any) -> WeightAverageState:
        average = jax.tree.map(jnp.array, params)
        return WeightAverageState(jnp.int32(0), average, wrapped.init(params))

    def update(
        updates: Any, state: Any, params: Any = None, **extra: Any
    ) -> tuple[Any, WeightAverageState]:
        if params is None:
            raise ValueError("the average of parameters needs params")
        updates, inner = wrapped.update(updates, state.inner, params, **extra)
        count = state.count + 1
        share = math.expm1(log_decay) / jnp.expm1(count * log_decay)
        average = jax.tree.map(
            lambda a, p: a + (share * (p - a)).astype(a.dtype),
            state.average,
            optax.apply_updates(params, updates),
        )
        return updates, WeightAverageState(count, average, inner)

    return optax.GradientTransformationExtraArgs(init, update)


def averaged(opt_state: Any) -> Any | None:
    """The averages in an optimizer's state, None where none are kept.

    >>> averaged(optax.adam(1e-3).init(2.0)) is None
    True
    """
    found = jax.tree.leaves(
        opt_state, is_leaf=lambda node: isinstance(node, WeightAverageState)
    )
    averages = [x.average for x in found if isinstance(x, WeightAverageState)]
    return averages[0] if averages else None
