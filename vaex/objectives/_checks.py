"""What an objective refuses before anything compiles."""

from typing import Any

from jax import Array

from vaex.errors import InputError
from vaex.objectives.ledger import rate
from vaex.types import Batch, Terms


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raises InputError unless a number of samples is large enough."""
    if value < least:
        raise InputError(
            f"{name} of the objective must be at least {least}, got {value}"
        )


def check_examples(name: str, batch: Batch, reason: str) -> None:
    """Raises InputError where a batch of one example would train nothing."""
    if len(batch["x"]) < 2:
        raise InputError(
            f"{name} needs at least 2 examples in a batch, got {len(batch['x'])}: "
            f"{reason}; raise trainer.batch_size"
        )


def needed_rate(model: Any, terms: Terms, name: str) -> Array:
    """KL(q(z|x) || p(z)) of each example in nats, [B].

    Raises:
      InputError: naming the objective and the part without a density.
    """
    divergence = rate(terms)
    if divergence is None:
        lacking = "posterior" if terms.log_qz_x is None else "prior"
        raise InputError(
            f"{name} needs a posterior and a prior with a density, but the "
            f"{part_name(model, lacking)} has none; use objective=wae_mmd, "
            "objective=autoencoder or objective=adversarial_autoencoder, or another "
            f"{lacking}"
        )
    return divergence


def part_name(model: Any, slot: str) -> str:
    """The slot and, where the model has one part in it, the part's class."""
    part = getattr(model, slot, None)
    return slot if part is None else f"{slot} {type(part).__name__}"
