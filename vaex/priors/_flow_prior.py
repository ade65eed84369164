"""What flow priors share: a number of steps, and a network for each."""

from vaex.errors import InputError
from vaex.nn.dense_stack import check_sizes
from vaex.priors.base import Prior


class FlowPrior(Prior):
    """p(z) as steps from u ~ N(0, I); a subclass fills in `__call__`.

    Attributes:
      latent_dim: L, at least 2.
      num_steps: T.
      hidden: widths of each network's layers.

    Class attribute: `fewest_steps`, T at the least for every dimension to be changed.
    """

    num_steps: int = 4
    hidden: tuple[int, ...] = (64,)

    fewest_steps = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent_dim < 2:
            raise InputError(
                "latent_dim must be at least 2, for a dimension to depend on another, "
                f"got {self.latent_dim}; use GaussianMixture for one dimension"
            )
        if self.num_steps < self.fewest_steps:
            raise InputError(
                f"num_steps must be at least {self.fewest_steps}, for every dimension "
                f"to be changed, got {self.num_steps}"
            )
        check_sizes("hidden", self.hidden)

    @classmethod
    def example(cls, latent_dim: int) -> "FlowPrior":
        """One that is smooth enough for tests to integrate at any weights."""
        return cls(latent_dim, num_steps=2, hidden=(3,))
