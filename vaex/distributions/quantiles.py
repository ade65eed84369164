"""Inverse cumulative distribution functions of element-wise distributions."""

from collections.abc import Callable
from typing import Any

import distrax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtri
from jax.typing import ArrayLike


def _laplace(d: Any, q: Array) -> Array:
    tail = jnp.minimum(q, 1.0 - q)
    return d.loc + jnp.sign(0.5 - q) * d.scale * jnp.log(2.0 * tail)


def _normal(d: Any, q: Array) -> Array:
    return d.loc + d.scale * ndtri(q)


def _logistic(d: Any, q: Array) -> Array:
    return d.loc + d.scale * (jnp.log(q) - jnp.log1p(-q))


def _uniform(d: Any, q: Array) -> Array:
    return d.low + q * (d.high - d.low)


def _classes(d: Any, q: Array) -> Array:
    """The lowest class with that much at or below it, by summation."""
    probs = jnp.asarray(d.probs)
    below = jnp.cumsum(probs, -1)[..., :-1]
    return (below < q[..., None]).sum(-1).astype(q.dtype)


_CLOSED: tuple[tuple[type, Callable[[Any, Array], Array]], ...] = (
    (distrax.Normal, _normal),
    (distrax.Laplace, _laplace),
    (distrax.Logistic, _logistic),
    (distrax.Uniform, _uniform),
    (distrax.Categorical, _classes),
)


def quantile(distribution: distrax.Distribution, q: ArrayLike) -> Array:
    """The number x with P(X <= x) = q, of each element; the lowest of discrete ones.

    Args:
      distribution: has a method `quantile`, or is a Normal, Laplace, Logistic, Uniform
        or Categorical of distrax, or an Independent of such, whose elements are then
        taken one by one.
      q: [...] in [0, 1], broadcast against batch and event shape together.

    Returns:
      [...] in the units of an event.

    Raises:
      NotImplementedError: if the distribution has no quantiles here.

    Numerics: float32 q resolve the lower tail to any depth and the upper to 6e-8; the
      ends give the ends of the support, infinite where it is.

    >>> quantile(distrax.Independent(distrax.Logistic(jnp.arange(3.0), 1.0), 1), 0.5)
    Array([0., 1., 2.], dtype=float32)
    """
    if isinstance(distribution, distrax.Independent):
        return quantile(distribution.distribution, q)
    own = getattr(distribution, "quantile", None)
    if callable(own):
        return jnp.asarray(own(q))
    for kind, closed in _CLOSED:
        if isinstance(distribution, kind):
            q = jnp.asarray(q)
            dtype = jnp.promote_types(q.dtype, jnp.float32)
            return closed(distribution, q.astype(dtype))
    raise NotImplementedError(
        f"{type(distribution).__name__} has no quantiles; give its class a method "
        "quantile(q), or draw samples and take theirs"
    )
