"""Student t likelihood with heavy tails."""

from jax import Array

from vaex.distributions.student_t import StudentT as StudentTDistribution
from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood, positive


class StudentT(Likelihood):
    """p(x|z) = prod_d t(x_d; df_d, loc_d, scale_d), all predicted from z.

    On the real numbers, for data with outliers: far out an element costs the logarithm
    of its distance, and how heavy its tails are is predicted too. scale = min_scale +
    softplus(raw), no standard deviation; df = min_df + softplus(raw), at raw 0 2.7.

    Attributes:
      min_df: lower bound of the degrees of freedom: above 2 there is a variance, above
        1 a mean.

    Source: Takahashi, Iwata, Yamanaka, Yamada, Yagi, "Student-t Variational Autoencoder
      for Robust Density Estimation", IJCAI 2018,
      https://doi.org/10.24963/ijcai.2018/374.

    >>> import jax, jax.numpy as jnp
    >>> head = StudentT(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> head.apply(variables, jnp.zeros((2, 4)), method="mean")[0].tolist()
    [0.0, 0.0, 0.0]
    """

    min_df: float = 2.0

    num_params = 3
    ignores_event_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.min_df > 0:
            raise InputError(f"min_df must be above 0, got {self.min_df}")

    def distribution(
        self, loc: Array, raw_scale: Array, raw_df: Array
    ) -> StudentTDistribution:
        """Student t with this location, positive(raw_scale) and positive(raw_df)."""
        df = positive(raw_df, self.min_df)
        return StudentTDistribution(df, loc, positive(raw_scale, self.min_scale))
