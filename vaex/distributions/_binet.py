"""What Stirling's formula leaves of the gamma function, in float32."""

import math

import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions._stirling import _BINET

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


def _fraction(x: Array) -> Array:
    """The continued fraction, for x >= 2."""
    fraction = jnp.zeros_like(x)
    for coefficient in reversed(_BINET):
        fraction = coefficient / (x + fraction)
    return fraction


@jax.jit
def binet(x: Array) -> Array:
    """Log Gamma(x) - (x - 1/2) log x + x - 1/2 log(2 pi), for real x > 0.

    About 1/(12 x), and -1/2 log(x) - 1/2 log(2 pi) as x goes to 0: with it, ratios of
    gamma functions of large arguments are written without the parts that cancel.

    Numerics: within 3e-7, and below 1 within 1e-7 |log x| more; so is x times its
      slope.

    Source: Abramowitz, Stegun, "Handbook of Mathematical Functions", 1964, section
      6.1 (Binet's function and its continued fraction).

    >>> round(float(binet(jnp.array(1e6))) * 12e6, 5)
    1.0
    """
    small = x < 2.0
    below = jnp.where(small, x, 1.0)
    # log Gamma(x) = log Gamma(x + 2) - log(x (x + 1)).
    shift = (below + 1.5) * jnp.log(below + 2.0) - jnp.log1p(below) - 2.0
    near = _fraction(below + 2.0) + shift - (below + 0.5) * jnp.log(below)
    return jnp.where(small, near, _fraction(jnp.where(small, 2.0, x)))
