"""Draws of Poisson counts, of large means too."""

import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions._poisson_density import poisson_log_prob

_SMALL = 10.0


def _count_arrivals(key: Array, rate: Array) -> Array:
    """Arrivals before time `rate`, with exponential gaps: exact, for small rates."""

    def body(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        key, left, count = state
        key, gap_key = jax.random.split(key)
        left = left - jax.random.exponential(gap_key, left.shape, left.dtype)
        return key, left, count + (left > 0.0)

    start = key, rate, jnp.zeros_like(rate)
    return jax.lax.while_loop(lambda state: (state[1] > 0.0).any(), body, start)[2]


def _reject(key: Array, log_rate: Array) -> Array:
    """Transformed rejection, for rates of at least 10.

    The acceptance test takes the density in the form that holds at large counts: by
    lgamma it fails from a rate of 1e5 on in float32.
    """
    rate = jnp.exp(log_rate)
    b = 0.931 + 2.53 * jnp.sqrt(rate)
    a = 0.02483 * b - 0.059
    log_height = jnp.log(1.1239 + 1.1328 / (b - 3.4))

    def body(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        key, done, count = state
        key, u_key, v_key = jax.random.split(key, 3)
        u = jax.random.uniform(u_key, rate.shape, rate.dtype) - 0.5
        v = jax.random.uniform(v_key, rate.shape, rate.dtype)
        from_end = 0.5 - jnp.abs(u)
        # Rounded relative to the whole part of the rate: at 1e7 it leaves no digits.
        whole = jnp.floor(rate)
        shift = (2.0 * a / from_end + b) * u + (rate - whole) + 0.43
        drawn = whole + jnp.floor(shift)
        log_prob = poisson_log_prob(jnp.maximum(drawn, 0.0), log_rate)
        width = jnp.log(a / jnp.square(from_end) + b)
        accepted = jnp.log(v) + log_height - width <= log_prob
        accepted &= (drawn >= 0.0) & (from_end > 0.0)
        count = jnp.where(done, count, drawn)
        return key, done | accepted, count

    start = key, jnp.zeros(rate.shape, bool), jnp.zeros_like(rate)
    return jax.lax.while_loop(lambda state: ~state[1].all(), body, start)[2]


def poisson_draws(key: Array, log_rate: Array) -> Array:
    """Poisson counts, one for each rate, as floats.

    Args:
      key: a key.
      log_rate: [...] nats; below 80. A count above 2^24 is rounded to a float32.

    Source: Hormann, "The transformed rejection method for generating Poisson random
      variables", Insurance: Mathematics and Economics 12, 1993, algorithm PTRS,
      without its squeezes.

    >>> poisson_draws(jax.random.key(0), jnp.array([-jnp.inf, 2.0])).shape
    (2,)
    """
    log_rate = jax.lax.stop_gradient(jnp.minimum(log_rate, 80.0))
    small_key, large_key = jax.random.split(key)
    rate = jnp.exp(log_rate)
    small = rate < _SMALL
    few = _count_arrivals(small_key, jnp.where(small, rate, 0.0))
    many = _reject(large_key, jnp.where(small, 5.0, log_rate))
    return jnp.where(small, few, many)
