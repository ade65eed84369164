"""Logarithms of counts that cannot overflow."""

import jax
from jax import Array

_MOST = 16.0


def bounded_log(raw: Array) -> Array:
    """Raw number to a logarithm below 16: raw - softplus(raw - 16).

    The identity to 1e-5 up to raw = 4; beyond exp(16.6) = 2^24 float32 does not tell
    a count from the next one.

    >>> import jax.numpy as jnp
    >>> [round(float(bounded_log(jnp.array(x))), 4) for x in (-1e4, 1.0, 1e4)]
    [-10000.0, 1.0, 16.0]
    """
    return raw - jax.nn.softplus(raw - _MOST)
