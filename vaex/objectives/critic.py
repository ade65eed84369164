"""A critic of latent vectors, and how two players share one loss."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError

Average = Callable[[Array], Array]
"""[...] to a scalar."""


class Critic(nn.Module):
    """Dense layers from z [..., L] to a logit [...] of where z comes from.

    Attributes:
      hidden: width of each layer.
      slope: of the leaky rectifier below 0.

    >>> critic = Critic(hidden=(8,))
    >>> z = jnp.ones((5, 2))
    >>> critic.apply(critic.init(jax.random.key(0), z), z).shape
    (5,)
    """

    hidden: tuple[int, ...] = (1000, 1000, 1000)
    slope: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(width < 1 for width in self.hidden):
            raise InputError(f"hidden must hold widths above 0, got {self.hidden}")

    @nn.compact
    def __call__(self, z: Array) -> Array:
        """Logits of z."""
        for width in self.hidden:
            z = nn.leaky_relu(nn.Dense(width)(z), self.slope)
        return nn.Dense(1)(z)[..., 0]


def frozen(module: nn.Module, *inputs: Array) -> Array:
    """A bound module applied to inputs, its own variables without gradient.

    It has to have been called before, so that its variables exist.

    Args:
      module: bound.
      *inputs: of its call, which keep their gradient.

    Returns:
      What the module returns.
    """
    free, variables = module.unbind()
    result: Array = free.apply(jax.tree.map(jax.lax.stop_gradient, variables), *inputs)  # type: ignore[assignment]
    return result


def classification_loss(
    first: Array,
    second: Array,
    first_mean: Average = jnp.mean,
    second_mean: Average = jnp.mean,
) -> Array:
    """Cross entropy of two even classes by their logits, for the first over the second.

    Args:
      first: [...] logits of the class that they are for.
      second: [...] logits of the other.
      first_mean: of the first class, by weights where its examples have some.
      second_mean: of the second class.

    Returns:
      Nats; log 2 for a critic that cannot tell.

    >>> round(float(classification_loss(jnp.zeros(3), jnp.zeros(4))), 4)
    0.6931
    """
    return 0.5 * (
        first_mean(jax.nn.softplus(-first)) + second_mean(jax.nn.softplus(second))
    )
