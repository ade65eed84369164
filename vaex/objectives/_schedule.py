"""A traced number times a unit schedule of the training step."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.errors import InputError

Schedule = Callable[[ArrayLike], Array]
"""Step to a multiplier, 1 at full weight; see `vaex.training.schedules`."""


def scheduled(
    weight: float | Array, schedule: Schedule | None, step: ArrayLike
) -> float | Array:
    """Weight times schedule(step); the weight itself where there is no schedule."""
    return weight if schedule is None else weight * schedule(step)


def at_temperature(
    temperature: float | Array | None, schedule: Schedule | None, step: ArrayLike
) -> dict[str, Any]:
    """Options of `Model.terms` that set temperature * schedule(step), or none.

    Raises:
      InputError: for a schedule that has nothing to multiply.
    """
    if temperature is None:
        if schedule is not None:
            raise InputError(
                "temperature_schedule of the objective multiplies its temperature, got "
                "None; use objective.temperature=1.0, or leave the schedule out"
            )
        return {}
    value = jnp.asarray(scheduled(temperature, schedule, step))
    return {"settings": {"temperature": value}}
