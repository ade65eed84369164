"""Example weights: what every mean over a batch is made of.

S posterior samples, B batch.
"""

import functools
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.types import Batch


def example_mean(values: Array, batch: Batch, axis: int = -1) -> Array:
    """Mean over examples, sum_b w_b v_b / sum_b w_b where the batch has `weight`.

    An example of weight 2 counts as the same one twice, one of weight 0 not at all;
    only ratios of weights matter. Without `weight` it is `values.mean`.

    Args:
      values: [..., B, ...]; those of weight 0 may be infinite or NaN.
      batch: `weight` [B], not negative, or none. Where all are 0 the mean is 0.
      axis: of B; axes before it (samples) are averaged too, those after it stay.

    Returns:
      [...] as many axes as stand behind B; a scalar for the default axis.

    Raises:
      InputError: where `weight` has another shape than [B].

    >>> batch = {"weight": jnp.array([3.0, 1.0])}
    >>> float(example_mean(jnp.array([0.0, 4.0]), batch))
    1.0
    """
    axis %= values.ndim
    shares = example_shares(batch, values.shape[axis])
    if shares is None:
        return values.mean(tuple(range(axis + 1)))
    each = values.mean(tuple(range(axis))) if axis else values
    shares = shares.reshape(-1, *(1,) * (each.ndim - 1))
    return jnp.where(shares > 0, shares * each, 0.0).sum(0)


def averaging(batch: Batch) -> Callable[[Array], Array]:
    """`example_mean` of [..., B] to a scalar, for this batch."""
    return functools.partial(example_mean, batch=batch)


def example_shares(batch: Batch, size: int) -> Array | None:
    """Weights [B] that sum to 1, or to 0 where all are 0; None where there are none.

    Args:
      batch: perhaps with `weight` [B].
      size: B.

    Raises:
      InputError: where `weight` has another shape than [B].

    >>> example_shares({"weight": jnp.array([3.0, 1.0])}, 2).tolist()
    [0.75, 0.25]
    """
    weight = batch.get("weight")
    if weight is None:
        return None
    if weight.shape != (size,):
        raise InputError(
            f"weight of a batch must have shape ({size},), a number for each example, "
            f"got {weight.shape}"
        )
    weight = weight.astype(jnp.float32)
    total = weight.sum()
    return weight / jnp.where(total > 0, total, 1.0)


def refuse_weights(batch: Batch, name: str, reason: str) -> None:
    """InputError where a batch has weights that an objective has no meaning for."""
    if "weight" in batch:
        raise InputError(
            f"{name} takes no example weights: {reason}; leave out `weight` (for "
            "data=array data.weight=null), or use objective=elbo"
        )
