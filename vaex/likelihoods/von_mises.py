"""Von Mises likelihood on angles."""

import distrax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions.von_mises import VonMises as VonMisesDistribution
from vaex.likelihoods.base import Likelihood, positive, support


class VonMises(Likelihood):
    """p(x|z) = prod_d exp(k_d cos(x_d - loc_d)) / (2 pi I_0(k_d)), loc and k from z.

    On angles in [-pi, pi), such as directions, phases and times of day: the Gaussian of
    the circle. The concentration is k = 1 / scale^2 with scale = min_scale +
    softplus(raw), in radians where it is small; loc is any number, of which only the
    angle matters. `mode` is the mean direction; E[x] of an angle depends on where the
    circle is cut, so that mean and variance are refused.

    Source: Mardia, Jupp, "Directional Statistics", Wiley 2000, the chapter on models
      for circular data.

    >>> import jax, jax.numpy as jnp
    >>> head = VonMises(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mode").tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    num_params = 2
    support = support.angles
    ignores_event_shape = True

    def distribution(self, loc: Array, raw_scale: Array) -> "_Angles":
        """Von Mises about this angle with concentration 1 / positive(raw_scale)^2."""
        scale = positive(raw_scale, self.min_scale)
        return _Angles(VonMisesDistribution(loc, 1.0 / jnp.square(scale)))


class _Angles(distrax.Distribution):
    """Without the moments of the circle, which are not those of numbers."""

    def __init__(self, circle: VonMisesDistribution):
        super().__init__()
        self._circle = circle

    @property
    def event_shape(self) -> tuple[int, ...]:
        return ()

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._circle.batch_shape

    def _sample_n(self, key: Array, n: int) -> Array:
        return self._circle._sample_n(key, n)

    def log_prob(self, value: ArrayLike) -> Array:
        return self._circle.log_prob(value)

    def mode(self) -> Array:
        return self._circle.mode()

    def entropy(self) -> Array:
        return self._circle.entropy()
