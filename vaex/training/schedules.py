"""Unit schedules: functions of the step that multiply a traced hyperparameter.

A schedule is a multiplier, not a value, so that the value it multiplies stays a
traced leaf: one compilation for every learning rate.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def linear_warmup(steps: int) -> Callable[[ArrayLike], Array]:
    """Rises linearly from 1/steps to 1 over the first `steps` steps.

    >>> [float(linear_warmup(4)(step)) for step in (0, 3, 10)]
    [0.25, 1.0, 1.0]
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    return lambda step: jnp.minimum(1.0, (jnp.asarray(step) + 1.0) / steps)


def cosine(steps: int, floor: float = 0.0) -> Callable[[ArrayLike], Array]:
    """Falls from 1 to `floor` along half a cosine over `steps` steps.

    >>> [round(float(cosine(10)(step)), 3) for step in (0, 5, 20)]
    [1.0, 0.5, 0.0]
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")

    def multiplier(step: ArrayLike) -> Array:
        done = jnp.minimum(1.0, jnp.asarray(step) / steps)
        return floor + (1.0 - floor) * 0.5 * (1.0 + jnp.cos(jnp.pi * done))

    return multiplier
