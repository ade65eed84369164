"""A traced weight times a unit schedule of the training step."""

from collections.abc import Callable

from jax import Array
from jax.typing import ArrayLike

Schedule = Callable[[ArrayLike], Array]
"""Step to a multiplier, 1 at full weight; see `vaex.training.schedules`."""


def scheduled(
    weight: float | Array, schedule: Schedule | None, step: ArrayLike
) -> float | Array:
    """Weight times schedule(step); the weight itself where there is no schedule."""
    return weight if schedule is None else weight * schedule(step)
