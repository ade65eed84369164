"""Logarithms of ratios whose one side is only known by its logarithm."""

import math

import jax
import jax.numpy as jnp
from jax import Array

# log 2 in two parts, the first with so few digits that a multiple of it is exact.
_LOG2_HIGH = 0.693115234375
_LOG2_LOW = math.log(2.0) - _LOG2_HIGH


@jax.jit
def log_minus_log(log_a: Array, b: Array) -> Array:
    """log_a - log b for b > 0, within 6e-8 where a is near b.

    Subtracting two rounded logarithms is off by 1e-6 at b = 1e6, which a deviance
    multiplies by b. Here b = 2^k m with m near 1, and k log 2 is taken off first.

    Args:
      log_a: [...] any number.
      b: [...] > 0, not subnormal.

    >>> float(log_minus_log(jnp.array(0.0), jnp.array(1.0)))
    0.0
    """
    part, exponent = jnp.frexp(jax.lax.stop_gradient(b))
    exponent = exponent - (part < math.sqrt(0.5))
    k = exponent.astype(b.dtype)
    # In two factors: 2^-k alone may be out of range.
    half = exponent // 2
    scaled = b * jnp.ldexp(jnp.ones_like(b), -half)
    part = scaled * jnp.ldexp(jnp.ones_like(b), half - exponent)
    return (log_a - k * _LOG2_HIGH) - k * _LOG2_LOW - jnp.log(part)
