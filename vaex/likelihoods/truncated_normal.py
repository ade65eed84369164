"""Gaussian likelihood truncated to an interval."""

import math

from jax import Array

from vaex.distributions.truncated_normal import (
    TruncatedNormal as TruncatedNormalDistribution,
)
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive, support


class TruncatedNormal(Likelihood):
    """p(x|z) = prod_d N(x_d; loc_d, scale_d^2) / its mass on [low, high].

    On [low, high], both ends included, one of which may be open: measurements within
    known limits. loc = c + raw and scale = min_scale + softplus(raw) are predicted from
    z and are those of the Gaussian before it is cut; c is the middle of the interval,
    or the number nearest to 0 where an end is open. loc may lie outside.

    Attributes:
      low: lower end, in the units of the prepared data; None: -inf.
      high: upper end; None: inf.

    Source: Johnson, Kotz, Balakrishnan, "Continuous Univariate Distributions", volume
      1, Wiley 1994, the chapter on normal distributions.

    >>> import jax, jax.numpy as jnp
    >>> head = TruncatedNormal(event_shape=(3,), low=0.0, high=2.0)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> mean = head.apply(variables, jnp.zeros((2, 4)), method="mean")
    >>> [round(float(m), 4) for m in mean[0]]
    [1.0, 1.0, 1.0]
    """

    low: float | None = 0.0
    high: float | None = 1.0

    num_params = 2
    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self._ends
        if not low < high:
            raise InputError(f"low must be below high, got {self.low} and {self.high}")

    @property
    def _ends(self) -> tuple[float, float]:
        low = -math.inf if self.low is None else self.low
        return low, math.inf if self.high is None else self.high

    @property
    def support(self) -> support.Support:
        """The closed interval."""
        return support.interval(*self._ends)

    def distribution(
        self, raw_loc: Array, raw_scale: Array
    ) -> TruncatedNormalDistribution:
        """Truncated normal about this location with positive(raw_scale)."""
        centre = self.support.inside
        assert isinstance(centre, float)
        scale = positive(raw_scale, self.min_scale)
        return TruncatedNormalDistribution(centre + raw_loc, scale, *self._ends)
