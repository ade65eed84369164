"""What a head that is made of another one asks of it."""

from vaex.errors import InputError
from vaex.likelihoods.base import Likelihood


def element_wise(child: Likelihood) -> None:
    """Refuses a child that has no density for each element by itself.

    Raises:
      InputError: naming the child.
    """
    name = type(child).__name__
    if not child.is_normalized:
        raise InputError(
            f"child must have a density, got {name}, which is a loss; choose a "
            "normalised head such as Gaussian"
        )
    if child.is_calibrated:
        raise InputError(
            f"child must have a density of its own, got {name}, whose scale is set "
            "after training; choose SharedScaleGaussian"
        )
    if child.joint_rank or child.raw_shape != (*child.event_shape, child.num_params):
        raise InputError(
            f"child must be element-wise, got {name}, which scores elements jointly"
        )
