"""What flows refuse."""

from vaex.errors import InputError


def check_steps(num_steps: int) -> None:
    """Raises InputError unless there is a step."""
    if num_steps < 1:
        raise InputError(
            f"num_steps must be at least 1, got {num_steps}; without steps it is "
            "DiagonalGaussian"
        )
