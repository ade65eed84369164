"""A stack of dense layers, the body of the MLP encoder and decoder."""

from collections.abc import Callable

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError


def check_sizes(name: str, sizes: tuple[int, ...]) -> None:
    """Refuses layer sizes that are not positive integers.

    Raises:
      InputError: naming the argument and its value.

    >>> check_sizes("hidden", (500, 500))
    """
    if not isinstance(sizes, tuple | list) or any(
        not isinstance(n, int) or isinstance(n, bool) or n < 1 for n in sizes
    ):
        raise InputError(
            f"{name} must hold positive integers, got {sizes!r}; pass a tuple such as "
            "(500, 500)"
        )


class DenseStack(nn.Module):
    """Dense layers, each followed by the activation: [..., F] -> [..., hidden[-1]].

    Attributes:
      hidden: width of each layer.
      activation: element-wise function.

    >>> import jax
    >>> stack = DenseStack((8, 4))
    >>> x = jnp.ones((2, 3))
    >>> stack.apply(stack.init(jax.random.key(0), x), x).shape
    (2, 4)
    """

    hidden: tuple[int, ...] = (500,)
    activation: Callable[[Array], Array] = nn.relu

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Applies the layers."""
        lead = x.shape[:-1]
        # In two axes: XLA's CPU compiler copies the gradients of a product over more.
        x = x.reshape(-1, x.shape[-1])
        for width in self.hidden:
            x = self.activation(nn.Dense(width)(x))
        return x.reshape(*lead, x.shape[-1])


def with_condition(x: Array, condition: Array | None) -> Array:
    """Appends a condition [B, C] to inputs [..., B, F]; None leaves them alone.

    Raises:
      InputError: if the condition is of another batch.

    >>> with_condition(jnp.zeros((5, 2, 3)), jnp.ones((2, 4))).shape
    (5, 2, 7)
    """
    if condition is None:
        return x
    if condition.ndim != 2 or condition.shape[0] not in (1, *x.shape[-2:-1]):
        raise InputError(
            f"condition must have shape [B, C] with the B of the inputs, got "
            f"{condition.shape} for inputs {x.shape}"
        )
    condition = jnp.broadcast_to(condition, (*x.shape[:-1], condition.shape[-1]))
    return jnp.concatenate([x, condition], axis=-1)
