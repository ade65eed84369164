"""Gamma likelihood on positive numbers."""

import jax.numpy as jnp
from jax import Array

from vaex.distributions.gamma import Gamma as GammaDistribution
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive, support

_TINY = 1e-30


class Gamma(Likelihood):
    """p(x|z) = prod_d Gamma(x_d; a_d, a_d / m_d), of mean m_d and concentration a_d.

    On (0, inf); the variance is m^2 / a, a constant relative error. m = min_scale +
    softplus(raw) and a = min_concentration + softplus(raw), both predicted from z.
    Zeros are refused, where the density is 0 or infinite.

    Attributes:
      min_scale: lower bound of the mean.
      min_concentration: lower bound of a, below 1 of which the density is infinite at
        0.

    Source: McCullagh, Nelder, "Generalized Linear Models", second edition, Chapman and
      Hall 1989, the chapter on data with constant coefficient of variation.

    >>> import jax, jax.numpy as jnp
    >>> head = Gamma(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> mean = head.apply(variables, jnp.zeros((2, 4)), method="mean")
    >>> [round(float(m), 3) for m in mean[0]]
    [0.694, 0.694, 0.694]
    """

    min_concentration: float = 0.1

    num_params = 2
    support = support.positive
    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.min_concentration > 0:
            raise InputError(
                f"min_concentration must be above 0, got {self.min_concentration}"
            )

    def distribution(self, raw_mean: Array, raw_concentration: Array) -> "_Open":
        """Gamma with mean positive(raw_mean) and positive(raw_concentration)."""
        concentration = positive(raw_concentration, self.min_concentration)
        mean = positive(raw_mean, self.min_scale)
        return _Open(concentration, concentration / mean)


class _Open(GammaDistribution):
    """With a mode inside the support also where the density is infinite at an end."""

    def mode(self) -> Array:
        return jnp.maximum(super().mode(), _TINY)
