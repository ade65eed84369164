"""The Poisson probabilities by Loader's saddle-point form."""

import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions._deviance import expm1_less
from vaex.distributions._log_difference import log_minus_log
from vaex.distributions._stirling import log_factorial_excess


@jax.jit
def poisson_log_prob(count: Array, log_rate: Array) -> Array:
    """X log m - m - log x!, at m = exp(log_rate), for whole x >= 0; in nats.

    As -h(x) - d(x, m) with h(x) = log x! - x log x + x and the deviance
    d(x, m) = x log(x/m) + m - x = x (e^t - 1 - t), t = log m - log x.

    >>> float(poisson_log_prob(jnp.array(0.0), jnp.array(0.0)))
    -1.0
    """
    some = count > 0.0
    positive = jnp.where(some, count, 1.0)
    t = jnp.where(some, log_minus_log(log_rate, positive), 0.0)
    # Where there is no count, exp of the rate alone: no overflow that is not used.
    rate = jnp.exp(jnp.where(some, 0.0, log_rate))
    deviance = jnp.where(some, positive * expm1_less(t), rate)
    return -log_factorial_excess(count) - deviance
