"""A distribution of the rows of a table, made of those of its fields."""

from typing import Any

import distrax
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike


class Table(distrax.Distribution):
    """p(x) = prod_f p_f(x at the columns of f).

    Args:
      parts: distributions with one batch shape and event shape (n_f,).
      columns: numbers of the columns of each, static; together 0, ..., d - 1.
    """

    def __init__(self, parts: Any, columns: tuple[tuple[int, ...], ...]):
        super().__init__()
        self._parts, self._columns = tuple(parts), columns

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(d,)."""
        return (sum(map(len, self._columns)),)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Of every part."""
        return self._parts[0].batch_shape

    @property
    def parts(self) -> tuple[Any, ...]:
        """The fields' distributions, in their order."""
        return self._parts

    def _joined(self, values: list[Array]) -> Array:
        order = np.argsort(np.concatenate(self._columns))
        shape = jnp.broadcast_shapes(*(v.shape[:-1] for v in values))
        rows = [
            jnp.broadcast_to(v, (*shape, v.shape[-1])).astype(jnp.float32)
            for v in values
        ]
        return jnp.concatenate(rows, axis=-1)[..., order]

    def _sample_n(self, key: Array, n: int) -> Array:
        keys = jax.random.split(key, len(self._parts))
        draws = zip(self._parts, keys, strict=True)
        return self._joined([p.sample(seed=k, sample_shape=(n,)) for p, k in draws])

    def log_prob(self, value: ArrayLike) -> Array:
        """[...] nats of rows [..., d]."""
        x = jnp.asarray(value)
        pairs = zip(self._parts, self._columns, strict=True)
        terms = [part.log_prob(x[..., np.array(c)]) for part, c in pairs]
        return jnp.stack(jnp.broadcast_arrays(*terms)).sum(0)

    def mean(self) -> Array:
        """[..., d], where every part has one."""
        return self._joined([part.mean() for part in self._parts])

    def mode(self) -> Array:
        """[..., d], where every part has one."""
        return self._joined([part.mode() for part in self._parts])

    def variance(self) -> Array:
        """[..., d] of each column, where every part has one."""
        return self._joined([part.variance() for part in self._parts])

    def entropy(self) -> Array:
        """[...] nats, where every part has one."""
        return jnp.stack([part.entropy() for part in self._parts]).sum(0)
