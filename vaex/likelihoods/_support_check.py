"""Data against a head's support, on numpy arrays, before anything compiles."""

from typing import Any

import numpy as np

from vaex.errors import InputError


def check_values(head: Any, values: np.ndarray, mask: np.ndarray | None) -> None:
    """Refuses data that a head is not defined on; see `Likelihood.check_support`."""
    name, event, rank = head.describe(), head.event_shape, head.support.event_rank
    if values.shape[1:] != event:
        raise InputError(
            f"{name} has event_shape {event}, but the examples have shape "
            f"{values.shape[1:]}"
        )
    if len(event) < rank:
        raise InputError(
            f"{name} scores vectors ({head.support.description}), but event_shape is "
            f"{event}; give each example at least {rank} axis"
        )
    inside = head.support.contains(values)
    if mask is not None:
        check_mask(head, mask)
        inside = inside | ~mask.all(tuple(range(mask.ndim - rank, mask.ndim)))
    if inside.all():
        return
    first = tuple(int(i) for i in np.argwhere(~inside)[0])
    raise InputError(
        f"{name} is defined on {head.support.description}, but {int((~inside).sum())} "
        f"of {inside.size} values are outside, the first at index {first}: "
        f"{values[first]}"
    )


def check_mask(head: Any, mask: np.ndarray) -> None:
    """Refuses a mask that shows a part of what is scored jointly."""
    if head.marginalizes:
        return
    joint = tuple(range(mask.ndim - head.joint_rank, mask.ndim))
    if (mask.any(joint) != mask.all(joint)).any():
        axes = "axis" if head.joint_rank == 1 else f"{head.joint_rank} axes"
        raise InputError(
            f"{head.describe()} scores the last {axes} of an example jointly: a mask "
            "must be constant there"
        )
