"""Part of the rising factorial a (a + 1) ... (a + x - 1) / x! that stays small."""

import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions._binet import binet
from vaex.distributions._stirling import log_factorial_excess

# exp(60) is infinite for a shape: a squared count of 1e16 against it is nothing.
_RANGE = 60.0


@jax.jit
def bounded_exp(log_a: Array) -> Array:
    """exp(log_a), kept within exp(-60) and exp(60)."""
    return jnp.exp(jnp.clip(log_a, -_RANGE, _RANGE))


@jax.jit
def rising_excess(count: Array, log_a: Array) -> Array:
    """log(Gamma(x + a) / (Gamma(a) x!)) - (x + a) log(x + a) + a log a + x log x.

    What such a ratio of gamma functions holds beside the entropies that cancel.

    Args:
      count: [...] x >= 0, whole numbers.
      log_a: [...] log a; a is taken as at most exp(60), and any small a is right.

    Returns:
      [...] nats, 0 at x = 0.

    Source: derived here by Binet's function; for a < 2 with log a kept apart, as a
      itself may underflow.

    >>> float(rising_excess(jnp.array(0.0), jnp.array(3.0)))
    0.0
    """
    some, a = count > 0.0, bounded_exp(log_a)
    x = jnp.where(some, count, 1.0)
    top, small = x + a, a < 2.0
    large = jnp.where(small, 2.0, a)
    low = jnp.where(small, a, 1.0)
    # One call for four arguments: compilers spend their time in proportion to code.
    arguments = jnp.stack(jnp.broadcast_arrays(x + large, large, top, low))
    of_sum, of_large, of_top, of_low = binet(arguments)
    far = of_sum - of_large - 0.5 * jnp.log1p(x / large)
    near = of_top - of_low - 0.5 * (jnp.log(top) + jnp.log(low))
    near = near + jnp.minimum(log_a, _RANGE)
    excess = jnp.where(small, near, far) - log_factorial_excess(x)
    return jnp.where(some, excess, 0.0)
