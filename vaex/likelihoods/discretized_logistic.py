"""Discretised logistic likelihood on ordered levels."""

from jax import Array

from vaex.distributions.discretized_logistic import (
    DiscretizedLogistic as DiscretizedLogisticDistribution,
)
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive, support


class DiscretizedLogistic(Likelihood):
    """p(x|z) = prod_d P(x_d - 1/2 < Logistic(loc_d, scale_d) < x_d + 1/2).

    A probability mass function on the levels 0, ..., K - 1; the first and the last
    bin take the tails. With h = (K - 1) / 2: loc = h (1 + raw), scale =
    min_scale + h softplus(raw), so that raw numbers of order 1 span the levels.

    Attributes:
      min_scale: lower bound of the scale, in levels.
      num_classes: K; taken from the data where it is not given.

    Source: Salimans, Karpathy, Chen, Kingma, "PixelCNN++", ICLR 2017,
      https://arxiv.org/abs/1701.05517, with one component.

    >>> import jax, jax.numpy as jnp
    >>> head = DiscretizedLogistic(event_shape=(3,), num_classes=17)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean")[0].round(3).tolist()
    [8.0, 8.0, 8.0]
    """

    min_scale: float = 0.05
    num_classes: int = 256

    num_params = 2
    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_classes < 2:
            raise InputError(f"num_classes must be at least 2, got {self.num_classes}")

    @property
    def support(self) -> support.Support:
        """The levels."""
        return support.integers(self.num_classes)

    def distribution(
        self, raw_loc: Array, raw_scale: Array
    ) -> DiscretizedLogisticDistribution:
        """Discretised logistic with location and scale in levels."""
        half = (self.num_classes - 1) / 2
        loc = half * (1.0 + raw_loc)
        scale = self.min_scale + half * positive(raw_scale, 0.0)
        return DiscretizedLogisticDistribution(loc, scale, self.num_classes)
