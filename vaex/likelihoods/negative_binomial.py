"""Negative binomial likelihood on overdispersed counts."""

import jax.numpy as jnp
from jax import Array

from vaex.distributions.negative_binomial import (
    NegativeBinomial as NegativeBinomialDistribution,
)
from vaex.errors import InputError
from vaex.likelihoods._bounded import bounded_log
from vaex.likelihoods.base import Likelihood, positive, support


class NegativeBinomial(Likelihood):
    """p(x|z) = prod_d NegativeBinomial(x_d; m_d, r_d), mean m and variance m + m^2 / r.

    On {0, 1, 2, ...}: counts that vary by more than a Poisson's, such as reads of a
    gene. log m = raw - softplus(raw - 16), as in Poisson; r = min_dispersion +
    softplus(raw), predicted for each element. Large r is the Poisson.

    Attributes:
      min_dispersion: lower bound of r; the smaller r, the more spread.

    Source: Lopez, Regier, Cole, Jordan, Yosef, "Deep generative modeling for
      single-cell transcriptomics", Nature Methods 15, 2018,
      https://doi.org/10.1038/s41592-018-0229-2; there r is shared by all examples.

    >>> import jax, jax.numpy as jnp
    >>> head = NegativeBinomial(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> mean = head.apply(variables, jnp.zeros((2, 4)), method="mean")
    >>> [round(float(m), 4) for m in mean[0]]
    [1.0, 1.0, 1.0]
    """

    min_dispersion: float = 0.01

    num_params = 2
    support = support.nonnegative_integers
    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.min_dispersion > 0:
            raise InputError(
                f"min_dispersion must be above 0, got {self.min_dispersion}"
            )

    def distribution(
        self, raw_mean: Array, raw_dispersion: Array
    ) -> NegativeBinomialDistribution:
        """Negative binomial with this log-mean and positive(raw_dispersion)."""
        dispersion = positive(raw_dispersion, self.min_dispersion)
        return NegativeBinomialDistribution(bounded_log(raw_mean), jnp.log(dispersion))
