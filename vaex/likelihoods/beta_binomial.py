"""Beta-binomial likelihood on bounded counts."""

import jax.numpy as jnp
from jax import Array

from vaex.distributions.beta_binomial import BetaBinomial as BetaBinomialDistribution
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive, support


class BetaBinomial(Likelihood):
    """p(x|z) = prod_d BetaBinomial(x_d; n, sigma(l_d), c_d): a Binomial of random p.

    On {0, ..., n}: the p of an element is Beta(c m, c (1 - m)), m = sigma(l), so that
    the variance is n m (1 - m) (n + c) / (1 + c). l is raw and c = min_concentration +
    softplus(raw), both predicted from z; large c is the Binomial.

    Attributes:
      total_count: n; taken from the data (levels minus 1) where it is not given.
      min_concentration: lower bound of c.

    Source: Skellam, "A Probability Distribution Derived from the Binomial Distribution
      by Regarding the Probability of Success as Variable Between the Sets of Trials",
      Journal of the Royal Statistical Society B 10, 1948.

    >>> import jax, jax.numpy as jnp
    >>> head = BetaBinomial(event_shape=(3,), total_count=16)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean")[0].tolist()
    [8.0, 8.0, 8.0]
    """

    total_count: int = 1
    min_concentration: float = 0.1

    num_params = 2
    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.total_count < 1:
            raise InputError(f"total_count must be at least 1, got {self.total_count}")
        if not self.min_concentration > 0:
            raise InputError(
                f"min_concentration must be above 0, got {self.min_concentration}"
            )

    @property
    def support(self) -> support.Support:
        """The counts 0 to n."""
        return support.integers(self.total_count + 1)

    def distribution(
        self, logits: Array, raw_concentration: Array
    ) -> BetaBinomialDistribution:
        """Beta-binomial with these logits and positive(raw_concentration)."""
        concentration = positive(raw_concentration, self.min_concentration)
        count = jnp.float32(self.total_count)
        return BetaBinomialDistribution(count, logits, jnp.log(concentration))
