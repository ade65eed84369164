"""Two layers of latent variables, one drawn after the other."""

from collections.abc import Callable
from typing import Any

import jax
from jax import Array

Pair = tuple[Array, Array]
"""z1 [..., L1] and z2 [..., L2]."""


class TwoLayers:
    """q(z1) q(z2|z1), or p(z2) p(z1|z2) where `downwards`.

    Args:
      first: distribution of the layer that is drawn first.
      then: its sample [..., L] -> distribution of the other layer.
      downwards: whether z2 is drawn first.
    """

    def __init__(self, first: Any, then: Callable[[Array], Any], downwards: bool):
        self.first, self.then, self.downwards = first, then, downwards

    def _ordered(self, one: Any, other: Any) -> Any:
        return (other, one) if self.downwards else (one, other)

    def sample(self, *, seed: Array, sample_shape: tuple[int, ...] = ()) -> Pair:
        """(z1, z2), each [*sample_shape, *batch, L]."""
        one_key, other_key = jax.random.split(seed)
        one = self.first.sample(seed=one_key, sample_shape=sample_shape)
        return self._ordered(one, self.then(one).sample(seed=other_key))

    def log_prob(self, z: Pair) -> Array:
        """Log-density of (z1, z2), the sum of both layers', nats."""
        one, other = self._ordered(*z)
        return self.first.log_prob(one) + self.then(one).log_prob(other)

    def mean(self) -> Pair:
        """Raises: the mean of the layer drawn second is an integral over the first."""
        raise NotImplementedError("two layers have no mean in closed form")

    def layer_means(self) -> Pair:
        """Mean of the first layer, and the other's where the first is at its mean.

        Raises:
          NotImplementedError: where either has no mean.
        """
        one = self.first.mean()
        return self._ordered(one, self.then(one).mean())
