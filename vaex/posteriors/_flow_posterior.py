"""What posteriors by flows share: a number of steps, and samples one way only."""

from vaex.errors import InputError
from vaex.posteriors.base import Posterior


class FlowPosterior(Posterior):
    """q(z|x) of a diagonal Gaussian after steps without an inverse.

    Attributes:
      latent_dim: L.
      min_scale: lower bound of scale.
      num_steps: T.
    """

    num_steps: int = 8

    has_inverse = False
    is_factorized = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_steps < 1:
            raise InputError(
                f"num_steps must be at least 1, got {self.num_steps}; without steps it "
                "is DiagonalGaussian"
            )
