"""Small numerical helpers: stable logarithms, sums and named keys."""

import math
import zlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.threefry import fold_in


def log_mean_exp(x: Array, axis: int = 0) -> Array:
    """Log of the mean of exp(x) along `axis`, without overflow.

    >>> float(log_mean_exp(jnp.array([1000.0, 1000.0])))
    1000.0
    """
    return jax.nn.logsumexp(x, axis=axis) - math.log(x.shape[axis])


def log1mexp(x: Array) -> Array:
    """Logarithm log(1 - exp(-x)) for x > 0, accurate at both ends.

    Source: Machler, "Accurately computing log(1 - exp(-|a|))", 2012; the two
      forms meet at log 2.

    >>> round(float(log1mexp(jnp.array(1e-6))), 3)
    -13.816
    """
    small = x < math.log(2.0)
    near = jnp.log(-jnp.expm1(-jnp.where(small, x, 1.0)))
    far = jnp.log1p(-jnp.exp(-jnp.where(small, 1.0, x)))
    return jnp.where(small, near, far)


def positive(raw: Array, floor: float) -> Array:
    """Unconstrained number to one above `floor`: floor + softplus(raw).

    `jax.nn.softplus` takes twice as long on a CPU, and its gradient two exponentials
    more. Selects, unlike `maximum` and `abs`, have right derivatives of any order at 0.

    >>> float(positive(jnp.array(-100.0), 0.5))
    0.5
    """
    is_above = raw > 0.0
    small = jnp.exp(jnp.where(is_above, -raw, raw))
    return floor + (jnp.where(is_above, raw, 0.0) + log1p_of_unit(small))


@jax.custom_jvp
def log1p_of_unit(e: Array) -> Array:
    """Logarithm log(1 + e) for 0 <= e <= 1, of float32 to relative accuracy.

    XLA's CPU code computes `log1p` twice over, for small and for large arguments, and
    takes the one that holds. On [0, 1] one fraction does: the Pade approximant of order
    [5/5] at 0, which is the rule of Gauss and Legendre with five points for the
    integral of e / (1 + e t) over t in [0, 1]; it is off by at most 3.3e-8 relatively.

    Args:
      e: any shape; of another type than float32, and with newer releases of JAX than
        0.10, `log1p` is taken: there the fraction's last digit depends on an element's
        place (seen with 0.12), which no score may.

    Source: derived: the coefficients are those whose power series agrees with that of
      the logarithm to order 10; the tests hold the fraction against the rule.

    >>> round(float(log1p_of_unit(jnp.array(1.0))), 6)
    0.693147
    """
    if e.dtype != jnp.float32 or jax.__version_info__ >= (0, 11):
        return jnp.log1p(e)
    return e * _polynomial(LOG1P_ABOVE, e) / _polynomial(LOG1P_BELOW, e)


@log1p_of_unit.defjvp
def _log1p_of_unit_jvp(primals: tuple[Array], tangents: tuple[Array]) -> Any:
    (e,) = primals
    return log1p_of_unit(e), tangents[0] / (1.0 + e)


LOG1P_ABOVE = (1.0, 2.0, 47 / 36, 11 / 36, 137 / 7560)
LOG1P_BELOW = (1.0, 5 / 2, 20 / 9, 5 / 6, 5 / 42, 1 / 252)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    total = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def sum_of_last(x: Array, axes: int) -> Array:
    """Sum over so many of the last axes.

    On a CPU as a product with ones. XLA's code there goes through a sum one element
    after the other, and so through whatever it has fused with it; a product is computed
    by itself, and what leads to it by vector instructions.

    >>> sum_of_last(jnp.ones((4, 2, 3)), 2).tolist()
    [6.0, 6.0, 6.0, 6.0]
    """
    if axes == 0 or jax.default_backend() != "cpu":
        return x.sum(tuple(range(-axes, 0)))
    rows = x.reshape(*x.shape[: x.ndim - axes], math.prod(x.shape[x.ndim - axes :]))
    # Eight columns: rows that are left over from the tiles of a product with one column
    # are computed otherwise, and an example's bits would depend on its place.
    ones = jnp.ones((rows.shape[-1], 8), x.dtype)
    return jnp.matmul(rows, ones, precision=jax.lax.Precision.HIGHEST)[..., 0]


@jax.custom_jvp
def along_last_axis(x: Array) -> tuple[Array, ...]:
    """The arrays [...] along the last axis of [..., P], as `jnp.unstack` gives them.

    Its gradient is put together by indices. That of slices is a sum of pads, which
    XLA's CPU compiler fuses with all that led to them into one loop that no vector
    instruction serves: several times slower.

    >>> [a.tolist() for a in along_last_axis(jnp.array([[1.0, 2.0], [3.0, 4.0]]))]
    [[1.0, 3.0], [2.0, 4.0]]
    """
    return tuple(jnp.moveaxis(x, -1, 0))


@along_last_axis.defjvp
def _along_last_axis_jvp(primals: tuple[Array], tangents: tuple[Array]) -> Any:
    def at(place: int) -> Array:
        chosen = tangents[0].at[..., np.array([place])]
        return chosen.get(unique_indices=True, mode="promise_in_bounds")[..., 0]

    found = along_last_axis(primals[0])
    return found, tuple(at(place) for place in range(len(found)))


def seed_key(seed: int) -> Array:
    """The key of a seed, as `jax.random.key` gives it, without a program to compile.

    Args:
      seed: from 0 to 2^32 - 1, not traced.

    >>> bool((seed_key(3) == jax.random.key(3)).all())
    True
    """
    if jax.config.values["jax_default_prng_impl"] != "threefry2x32":
        return jax.random.key(seed)
    words = jax.device_put(np.array([0, seed], np.uint32))
    return jax.random.wrap_key_data(words, impl="threefry2x32")


def named_fold(key: Array, name: str) -> Array:
    """The fold of `key` that belongs to `name`: one independent stream per use.

    >>> key = jax.random.key(0)
    >>> bool((named_fold(key, "init") == named_fold(key, "train")).any())
    False
    """
    return fold_in(key, zlib.crc32(name.encode()) & 0x7FFFFFFF)
