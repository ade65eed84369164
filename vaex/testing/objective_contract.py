"""Holds an objective to the contract, property by property."""

import sys
from collections.abc import Callable

import jax
from jax import Array

from vaex.testing._objective_properties import PROPERTIES
from vaex.testing._objective_subject import Subject
from vaex.testing._outcome import Outcome, tried
from vaex.testing._weight_properties import WEIGHT_PROPERTIES
from vaex.types import Metrics


def check_objective(
    objective: Callable[..., tuple[Array, Metrics]],
    *,
    verbose: bool = True,
    weights: bool = True,
) -> list[Outcome]:
    """Checks that an objective keeps the contract, on a small VAE of bits.

    It returns a finite scalar loss and scalar metrics; calls `terms` once, and
    `encode(train=True)` at most once; logs the plain ledger whatever it minimises;
    takes its weights traced; every part of the model, with what the objective itself
    learns, has a gradient; cells that a mask hides are of no effect; and means are by
    the examples' `weight` (`vaex.objectives.example_mean` takes them so), or a batch
    that has it is refused.

    Args:
      objective: (model, batch, *, train, **weights) -> (loss, metrics), options bound
        by `functools.partial`; or a module.
      verbose: whether to print a line for each property.
      weights: whether to hold it to example weights too, which compiles once more.

    Returns:
      The outcomes, all of them "ok" or "not applicable".

    Raises:
      AssertionError: listing every property that failed.

    >>> import functools
    >>> from vaex.objectives.evidence_lower_bound import elbo
    >>> outcomes = check_objective(functools.partial(elbo, beta=4.0), verbose=False)
    >>> {outcome.verdict for outcome in outcomes}
    {'ok'}
    >>> outcomes[-1].name, outcomes[-1].detail
    ('weight 2 counts twice', 'ledger, loss and gradient')
    """
    subject, outcomes = Subject(objective), []
    with jax.default_matmul_precision("float32"):
        for check in PROPERTIES + WEIGHT_PROPERTIES * weights:
            outcome = tried(check.__name__.replace("_", " "), check, subject)
            outcomes.append(outcome)
            if verbose:
                sys.stdout.write(f"  {outcome}\n")
    failed = [outcome for outcome in outcomes if outcome.verdict == "failed"]
    if failed:
        lines = "\n".join(f"- {outcome.name}: {outcome.detail}" for outcome in failed)
        raise AssertionError(f"{len(failed)} properties do not hold:\n{lines}")
    return outcomes
