"""Beta likelihood on the open unit interval."""

import jax.numpy as jnp
from jax import Array

from vaex.distributions.beta import Beta as BetaDistribution
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive, support

_LOW, _HIGH = 1e-30, 1.0 - 2.0**-24  # the float32 before 1


class Beta(Likelihood):
    """p(x|z) = prod_d Beta(x_d; a_d, b_d), both predicted from z.

    On (0, 1), for shares: one peak inside where a and b exceed 1, peaks at the ends
    below. Each is min_concentration + softplus(raw). 0 and 1 are refused, where the
    density is 0 or infinite; ContinuousBernoulli holds them.

    Attributes:
      min_concentration: lower bound of a and b; a share (6e-8)^b of the mass lies
        between 1 and the float32 before it, 0.02 percent at 0.5.

    Source: Ferrari, Cribari-Neto, "Beta Regression for Modelling Rates and
      Proportions", Journal of Applied Statistics 31, 2004,
      https://doi.org/10.1080/0266476042000214501.

    >>> import jax, jax.numpy as jnp
    >>> head = Beta(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean")[0].tolist()
    [0.5, 0.5, 0.5]
    """

    min_concentration: float = 0.5

    num_params = 2
    support = support.open_unit_interval
    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.min_concentration > 0:
            raise InputError(
                f"min_concentration must be above 0, got {self.min_concentration}"
            )

    def distribution(self, raw_alpha: Array, raw_beta: Array) -> "_Open":
        """Beta with positive(raw_alpha) and positive(raw_beta)."""
        floor = self.min_concentration
        return _Open(positive(raw_alpha, floor), positive(raw_beta, floor))


class _Open(BetaDistribution):
    """With a mode inside the support also where the density is infinite at an end."""

    def mode(self) -> Array:
        inner = jnp.clip(super().mode(), _LOW, _HIGH)
        ends = jnp.full_like(inner, _LOW), jnp.full_like(inner, _HIGH)
        candidates = jnp.stack([inner, *ends])
        best = jnp.argmax(self.log_prob(candidates), axis=0)
        return jnp.take_along_axis(candidates, best[None], axis=0)[0]
