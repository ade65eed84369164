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


def cyclic(steps: int, ramp: float = 0.5) -> Callable[[ArrayLike], Array]:
    """Cycles of `steps` steps: a linear rise over the share `ramp` of each, then 1.

    Step t of a cycle has the value min(1, (t / steps) / ramp), so each starts at 0.

    Source: Fu, Li, Liu, Gao, Celikyilmaz, Carin, "Cyclical Annealing Schedule: A
      Simple Approach to Mitigating KL Vanishing", NAACL 2019,
      https://arxiv.org/abs/1903.10145 (there a number of cycles is given, not their
      length, which needs no number of steps in all).

    >>> [float(cyclic(4)(step)) for step in (0, 1, 2, 3, 4, 5)]
    [0.0, 0.5, 1.0, 1.0, 0.0, 0.5]
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if not 0.0 < ramp <= 1.0:
        raise ValueError(f"ramp must be above 0 and at most 1, got {ramp}")
    return lambda step: jnp.minimum(1.0, jnp.asarray(step) % steps / (steps * ramp))


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
