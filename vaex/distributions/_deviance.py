"""Differences that vanish to second order, without the cancellation."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array


@jax.custom_jvp
@jax.jit
def expm1_less(x: Array) -> Array:
    """exp(x) - 1 - x, to relative float accuracy also where it is nearly 0.

    The building block of KL divergences and deviances: each is a sum of such terms,
    none of them negative.

    Numerics: Taylor series to x^10 for |x| < 1/2 (truncation below 1e-10 relative).

    >>> round(float(expm1_less(jnp.array(1e-4))) / 0.5e-8, 5)
    1.00003
    """
    near = jnp.abs(x) < 0.5
    t = jnp.where(near, x, 0.0)
    tail = jnp.ones_like(t)
    for k in range(10, 2, -1):
        tail = 1.0 + t / k * tail
    far = jnp.where(near, 1.0, x)
    return jnp.where(near, 0.5 * t * t * tail, jnp.expm1(far) - far)


@expm1_less.defjvp
def _expm1_less_jvp(primals: tuple[Array], tangents: tuple[Array]) -> Any:
    (x,) = primals
    return expm1_less(x), jnp.expm1(x) * tangents[0]


@jax.custom_jvp
@jax.jit
def log_ratio(a: Array, b: Array) -> Array:
    """log(a / b) for a, b > 0, to relative float accuracy also where a is near b.

    >>> float(log_ratio(jnp.array(1.0), jnp.array(1.0)))
    0.0
    """
    near = jnp.abs(a - b) < 0.5 * b
    close = jnp.log1p(jnp.where(near, a - b, 0.0) / jnp.where(near, b, 1.0))
    return jnp.where(near, close, jnp.log(a) - jnp.log(b))


@log_ratio.defjvp
def _log_ratio_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> Any:
    (a, b), (of_a, of_b) = primals, tangents
    return log_ratio(a, b), of_a / a - of_b / b
