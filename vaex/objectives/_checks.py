"""What an objective refuses before anything compiles."""

from typing import Any

from vaex.errors import InputError


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raises InputError unless a number of samples is large enough."""
    if value < least:
        raise InputError(
            f"{name} of the objective must be at least {least}, got {value}"
        )


def required(value: Any, objective: str, reason: str) -> Any:
    """The value; InputError where it is None, with the reason."""
    if value is None:
        raise InputError(f"{objective} {reason}; use objective=elbo or other parts")
    return value
