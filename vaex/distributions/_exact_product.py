"""Products of which a number near them is subtracted."""

import jax
import jax.numpy as jnp
from jax import Array


def _high(x: Array) -> Array:
    """The upper half of the digits of x, so that products of such are exact."""
    info = jnp.finfo(x.dtype)
    half = info.nmant // 2
    rounded = jax.lax.reduce_precision(x, info.nexp, half)
    return jax.lax.stop_gradient(rounded)


@jax.jit
def product_minus(x: Array, y: Array, z: Array) -> Array:
    """X y - z without the rounding of x y, which at z = 1e6 may be 0.06.

    Args:
      x: [...] finite, and so is x y.
      y: [...] finite.
      z: [...] any number.

    Source: Dekker, "A floating-point technique for extending the available
      precision", Numerische Mathematik 18, 1971, for the product of split numbers.

    >>> x = jnp.array(1.0 + 2.0**-20)
    >>> float(product_minus(x, x, jnp.array(1.0 + 2.0**-19))) == 2.0**-40
    True
    """
    x_high, y_high = _high(x), _high(y)
    x_low, y_low = x - x_high, y - y_high
    cross = x_high * y_low + x_low * y_high
    return (x_high * y_high - z) + (cross + x_low * y_low)
