"""Per-example estimates of many models of one structure by one program.

M members, N examples.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from vaex.evaluation.estimates import estimate


def joint(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """`make_estimate`'s function as one of (own, shared), for a program of many."""
    return lambda own, shared: function(*own, *shared)


def estimate_members(
    compiled: Callable[[Any, Any], Any],
    rows: Sequence[tuple[Any, Any]],
    data: Mapping[str, np.ndarray],
    *,
    num_samples: int,
    block_size: int,
    on_block: Callable[[int], None] = lambda done: None,
    everywhere: Callable[[Any], Any] = lambda tree: tree,
) -> list[list[dict[str, Any]]]:
    """Estimates of every example by each of the members.

    Args:
      compiled: `joint` of `make_estimate`'s function, compiled for M members.
      rows: variables and keys of M members each, leaves [M, ...].
      data: a split as stored, name -> [N, ...].
      num_samples: K.
      block_size: examples at a time.
      on_block: called with the number of examples done.
      everywhere: puts a block of the data where the members are, once for all rows.

    Returns:
      For each member of each row what `vaex.evaluation.estimates.estimate` gives.

    Raises:
      InputError: if `num_samples` or `block_size` is not positive.
    """

    def of_rows(rows: Any, _: Any, *shared: Any) -> Any:
        shared = everywhere(shared)
        # All are dispatched before the first is waited for.
        return [compiled(row, shared) for row in rows]

    def examples_first(found: Any) -> Any:
        found = jax.device_get(found)
        joined = jax.tree.map(lambda *several: np.concatenate(several), *found)
        return jax.tree.map(lambda a: np.swapaxes(a, 0, 1), joined)

    found = estimate(
        of_rows,
        rows,
        jax.random.key(0),  # each member has its own
        data,
        num_samples=num_samples,
        block_size=block_size,
        on_block=on_block,
        fetch=examples_first,
    )
    size = jax.tree.leaves(found)[0].shape[1] // len(rows)
    each = range(len(rows) * size)
    members = [jax.tree.map(lambda a, m=m: a[:, m], found) for m in each]
    return [members[start : start + size] for start in each[::size]]
