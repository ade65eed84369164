"""Modified Bessel functions of half the size of a vector, as von Mises-Fisher needs."""

import functools
import math

import jax
import jax.numpy as jnp
from jax import Array

_UP = 16  # orders up to where the uniform expansion is right to 1e-7
_SETTLE = 24  # and further ones, over which a first guess of the ratio is forgotten


def _ratios(k: Array, order: float) -> list[Array]:
    """I_{v+1}(k) / (k I_v(k)) for v = order, ..., order + _UP - 1."""
    top = order + _UP + _SETTLE
    ratio = 1.0 / (top + 0.5 + jnp.sqrt(jnp.square(top + 1.5) + k * k))
    found = []
    for j in reversed(range(_UP + _SETTLE)):
        ratio = 1.0 / (2.0 * (order + j + 1) + k * k * ratio)
        if j < _UP:
            found.append(ratio)
    return found[::-1]


def gap_of_mean(k: Array, size: int) -> Array:
    """1 - A(k), with A(k) = I_{L/2}(k) / I_{L/2-1}(k) the mean cosine.

    Args:
      k: [...] concentration >= 0.
      size: L.

    Returns:
      [...] in (0, 1], to a relative accuracy of about 1e-5.

    Source: Abramowitz, Stegun, "Handbook of Mathematical Functions", 1964, section
      9.6 (recurrence) and section 9.7 (large arguments); the first guess is one of
      the bounds of Amos, "Computation of modified Bessel functions and their ratios",
      Mathematics of Computation 28(125), 1974.

    >>> round(float(gap_of_mean(jnp.array(1e6), 3)) * 1e6, 4)
    1.0
    """
    far = k > 200.0 + 10.0 * size
    large, near = jnp.where(far, k, 1.0), jnp.where(far, 1.0, k)
    close = 1.0 - near * _ratios(near, 0.5 * size - 1.0)[0]
    n = size - 1.0
    series = n / 2.0 - n * (size - 3.0) / (8.0 * large) * (1.0 + 1.0 / large)
    return jnp.where(far, series / large, close)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def log_scaled_bessel(k: Array, size: int) -> Array:
    """log(k^-v I_v(k) exp(-k)) at order v = L / 2 - 1, finite at k = 0 too.

    Args:
      k: [...] concentration >= 0.
      size: L.

    Returns:
      [...] nats, by recurrence from an order 16 higher.

    Source: Abramowitz, Stegun, "Handbook of Mathematical Functions", 1964, section
      9.7 (uniform expansion in the order) and section 9.6 (recurrence).

    >>> round(float(log_scaled_bessel(jnp.array(1.0), 3)), 4)
    -1.0644
    """
    order = 0.5 * size - 1.0
    top = order + _UP
    root = jnp.sqrt(top * top + k * k)
    p = top / root
    q = p * p
    one = p * (3.0 - 5.0 * q) / 24.0
    two = q * (81.0 - q * (462.0 - 385.0 * q)) / 1152.0
    three = p * q * (30375.0 - q * (369603.0 - q * (765765.0 - 425425.0 * q)))
    series = one / top + two / top**2 + three / (414720.0 * top**3)
    # log of k^-N I_N(k) exp(-k), N = top, without the power (N + root)^-N.
    total = top * top / (root + k) - 0.5 * jnp.log(2.0 * math.pi * root)
    total = total + jnp.log1p(series) - order * jnp.log(top + root)
    for ratio in _ratios(k, order):
        total = total - jnp.log(ratio * (top + root))
    return total


@log_scaled_bessel.defjvp
def _slope(size: int, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    (k,), (change,) = primals, tangents
    return log_scaled_bessel(k, size), -gap_of_mean(k, size) * change
