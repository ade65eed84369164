"""Weibull likelihood on positive numbers."""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.distributions.weibull import Weibull as WeibullDistribution
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive, support

_MOST = 100.0
_MOST_LOG = 40.0
_TINY = 1e-30


class Weibull(Likelihood):
    """p(x|z) = prod_d k/l (x/l)^(k-1) exp(-(x/l)^k), with k_d and l_d predicted from z.

    On (0, inf), for times to an event and wind speeds: the rate of events falls with
    time for k < 1 and grows for k > 1. l = min_scale + softplus(raw) and k =
    min_concentration + softplus(raw), at most 100. Zeros are refused, where the density
    is 0 or infinite.

    Attributes:
      min_concentration: lower bound of k.

    Numerics: k saturates at 100, a spread of 1.3 percent, and the log-density at
      -exp(40) = -2e17 nats, so that gradients stay finite.

    Source: Weibull, "A statistical distribution function of wide applicability",
      Journal of Applied Mechanics 18, 1951, https://doi.org/10.1115/1.4010337.

    >>> import jax, jax.numpy as jnp
    >>> head = Weibull(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean").shape
    (2, 3)
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

    def distribution(self, raw_scale: Array, raw_concentration: Array) -> "_Open":
        """Weibull with positive(raw_concentration) and positive(raw_scale)."""
        concentration = positive(raw_concentration, self.min_concentration)
        concentration = jnp.minimum(concentration, _MOST)
        return _Open(concentration, positive(raw_scale, self.min_scale))


class _Open(WeibullDistribution):
    """With gradients far out, and a mode inside the support."""

    def log_prob(self, value: ArrayLike) -> Array:
        end = self.scale * jnp.exp(_MOST_LOG / self.concentration)
        return super().log_prob(jnp.minimum(value, jax.lax.stop_gradient(end)))

    def mode(self) -> Array:
        return jnp.maximum(super().mode(), _TINY)
