"""What distributions over single numbers share: parameters and shapes."""

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def broadcast_floats(*values: ArrayLike) -> list[Array]:
    """Arrays of one shape and one float type, at least float32.

    Half precision is widened, since sums of log-densities are wrong in it; Python
    numbers lose their weak type, which would cost another trace.

    >>> [x.shape for x in broadcast_floats(1, jnp.zeros((2, 3)))]
    [(2, 3), (2, 3)]
    """
    dtype = jnp.promote_types(jnp.result_type(*values), jnp.float32)
    return jnp.broadcast_arrays(*(jnp.asarray(value, dtype) for value in values))


class ScalarDistribution(distrax.Distribution):
    """A distribution with event_shape () whose arrays all have its batch shape.

    Subclasses keep nothing but arrays of one shape (and static integers), so that
    they are clean pytrees: arguments and results of jit, vmap and scan.
    """

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(): an event is one number."""
        return ()

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the parameters; computed, so that mapping may change it."""
        return jax.tree.leaves(self)[0].shape
