"""Steps left out because their gradient is too long."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array

from vaex.training.state import TrainState
from vaex.types import Metrics


def skip_long_gradient(
    bound: float, gradient: Any, before: TrainState, after: TrainState
) -> tuple[TrainState, Metrics]:
    """The state after a step, or the one before it where |gradient| > bound.

    A step that is left out changes the count of steps and nothing else: parameters,
    the optimizer's state and the other variables are those before it.

    Args:
      bound: on the global norm over all parameters.
      gradient: of the step's loss.
      before: state before the step.
      after: state after it.

    Returns:
      The state, and the metrics `skipped` (1 or 0) and `gradient_norm`.

    Numerics: a norm above 1.8e19 is infinite in float32, and left out. A NaN exceeds
      nothing: that step is kept, for the loss to be found not finite.

    Source: Child, "Very Deep VAEs Generalize Autoregressive Models and Can Outperform
      Them on Images", ICLR 2021, https://arxiv.org/abs/2011.10650.
    """
    norm: Array = optax.tree.norm(gradient)
    skipped = norm > bound

    def chosen(old: Any, new: Any) -> Any:
        return jax.tree.map(lambda o, n: jnp.where(skipped, o, n), old, new)

    state = after._replace(
        params=chosen(before.params, after.params),
        variables=chosen(before.variables, after.variables),
        opt_state=chosen(before.opt_state, after.opt_state),
    )
    return state, {"skipped": skipped.astype(jnp.float32), "gradient_norm": norm}
