"""Binomial likelihood on bounded counts."""

import jax.numpy as jnp
from jax import Array

from vaex.distributions.binomial import Binomial as BinomialDistribution
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, support


class Binomial(Likelihood):
    """p(x|z) = prod_d Binomial(x_d; n, sigma(l_d)), x_d in {0, ..., n}.

    One raw number per element, the logit. Grey level x of n + 1 as n coin flips:
    its variance is fixed by its mean (DiscretizedLogistic frees it).

    Attributes:
      total_count: n; taken from the data (levels minus 1) where it is not given.

    >>> import jax, jax.numpy as jnp
    >>> head = Binomial(event_shape=(3,), total_count=16)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean")[0].tolist()
    [8.0, 8.0, 8.0]
    """

    total_count: int = 1

    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.total_count < 1:
            raise InputError(f"total_count must be at least 1, got {self.total_count}")

    @property
    def support(self) -> support.Support:
        """The counts 0 to n."""
        return support.integers(self.total_count + 1)

    def distribution(self, logits: Array) -> BinomialDistribution:
        """Binomial with these logits."""
        return BinomialDistribution(jnp.float32(self.total_count), logits)
