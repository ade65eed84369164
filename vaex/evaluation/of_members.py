"""Per-example estimates of many models of one structure by one program.

M members, N examples.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from vaex.evaluation.estimates import estimate


def joint(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """`make_estimate`'s function as one of (own, shared), for a program of many."""
    return lambda own, shared: function(*own, *shared)


def estimate_members(
    compiled: Callable[[Any, Any], Any],
    own: Any,
    data: Mapping[str, np.ndarray],
    *,
    num_samples: int,
    block_size: int,
    on_block: Callable[[int], None] = lambda done: None,
) -> list[dict[str, Any]]:
    """Estimates of every example by each of the members.

    Args:
      compiled: `joint` of `make_estimate`'s function, compiled for M members.
      own: variables and keys of the members, leaves [M, ...].
      data: a split as stored, name -> [N, ...].
      num_samples: K.
      block_size: examples at a time.
      on_block: called with the number of examples done.

    Returns:
      For each member what `vaex.evaluation.estimates.estimate` gives.

    Raises:
      InputError: if `num_samples` or `block_size` is not positive.
    """

    def examples_first(variables: Any, keys: Any, *shared: Any) -> Any:
        found = jax.device_get(compiled((variables, keys), shared))
        return jax.tree.map(lambda a: np.swapaxes(a, 0, 1), found)

    variables, keys = own
    found = estimate(
        examples_first,
        variables,
        keys,
        data,
        num_samples=num_samples,
        block_size=block_size,
        on_block=on_block,
    )
    count = jax.tree.leaves(found)[0].shape[1]
    return [jax.tree.map(lambda a, m=m: a[:, m], found) for m in range(count)]
