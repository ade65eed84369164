"""Means and errors of draws that come in chunks, for one row."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array


class Moments(NamedTuple):
    """Sums over the draws so far.

    Attributes:
      count: float32, number of draws.
      shift: [*C] logarithm of the unit of what is summed; 0 for plain means, -inf
        where all draws so far are exp(-inf).
      total: [*C] sum of the draws, or of exp(draw - shift).
      spread: [*C] sum of the squared deviations of the same from their mean.
      attribution: [*A] sum of attributions.
    """

    count: Array
    shift: Array
    total: Array
    spread: Array
    attribution: Array | None


def nothing(values: Array, attribution: Array | None, is_log: bool) -> Moments:
    """Moments before any draw, for draws [S, *C] and [S, *A] (arrays or shapes)."""
    zero = jnp.zeros(values.shape[1:], jnp.float32)
    parts = None if attribution is None else jnp.zeros(attribution.shape[1:])
    shift = jnp.full_like(zero, -jnp.inf) if is_log else zero
    return Moments(jnp.float32(0), shift, zero, zero, parts)


def added(
    before: Moments,
    values: Array,
    attribution: Array | None,
    valid: Array | None,
    is_log: bool,
) -> Moments:
    """Moments with the draws of a chunk.

    Squared deviations of two groups are joined as in Chan, Golub, LeVeque, "Algorithms
    for computing the sample variance", The American Statistician 37, 1983.

    Args:
      before: those of earlier chunks.
      values: [S, *C].
      attribution: [S, *A] or None.
      valid: [S], which of them count, one at least; None for all.
      is_log: whether exp(values) is averaged, with a shift that rises to the largest.
    """

    def kept(draws: Array, otherwise: float) -> Array:
        if valid is None:
            return draws
        counts = valid.reshape(-1, *(1,) * (draws.ndim - 1))
        return jnp.where(counts, draws, otherwise)

    shift, total, spread = before.shift, before.total, before.spread
    if is_log:
        highest = kept(values, -jnp.inf).max(0)
        shift = jnp.maximum(shift, highest)
        unit = jnp.where(jnp.isfinite(shift), shift, 0.0)
        rescale = jnp.exp(before.shift - unit)
        total, spread = total * rescale, spread * rescale**2
        values = jnp.exp(values - unit)
    size = len(values) if valid is None else valid.sum()
    count = jnp.asarray(size, jnp.float32)
    chunk = kept(values, 0.0).sum(0)
    deviations = kept(values - chunk / count, 0.0)
    every = before.count + count
    between = chunk / count - total / jnp.maximum(before.count, 1.0)
    spread = spread + (deviations**2).sum(0) + between**2 * before.count * count / every
    parts = before.attribution
    if parts is not None and attribution is not None:
        parts = parts + kept(attribution, 0.0).sum(0)
    return Moments(every, shift, total + chunk, spread, parts)


def mean_and_error(moments: Moments, is_log: bool) -> tuple[Array, Array]:
    """The mean [*C] and its standard error; of is_log minus the logarithm of the mean.

    The error of a logarithm is that of the mean over the mean (delta method). Where an
    error is not known, of one draw or of a mean of 0, it is infinite.
    """
    mean = moments.total / moments.count
    error = jnp.sqrt(moments.spread / (moments.count - 1.0) / moments.count)
    if is_log:
        mean, error = -jnp.log(mean) - moments.shift, error / mean
    return mean, jnp.where(jnp.isnan(error), jnp.inf, error)
