"""Holds a likelihood head to the contract, property by property."""

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import jax

from vaex._lazy import definitions
from vaex.likelihoods.base import Likelihood
from vaex.testing import likelihood_properties
from vaex.testing._outcome import Outcome, tried
from vaex.testing._subject import Reference, Subject, subjects

Property = Callable[[Subject], str | None]


def check_likelihood(
    head: Likelihood | type[Likelihood],
    *,
    event_shapes: Sequence[tuple[int, ...]] | None = None,
    reference: Reference | None = None,
    verbose: bool = True,
) -> list[Outcome]:
    """Checks that a head is what it says: a normalised p(x|z) with the verbs' meaning.

    Runs the properties in `vaex.testing.likelihood_properties` one after the other,
    with random features and parameters under fixed keys, and prints a line for each:
    whether it holds, what was measured, and the seconds that it took.

    Args:
      head: a class, built by its `example(event_shape)`, or an instance.
      event_shapes: shapes of one example to check the head for; by default an
        instance's own, and for a class (2, 2, 3), or (4,) where that is refused.
      reference: the same density, written independently in float64: of raw numbers
        [N, *raw_shape] and values [N, *E], it returns nats [N] or
        [N, *attribution_shape]. Without one the density may be another than the one
        meant; that it is one, and the samples' own, is checked all the same.
      verbose: whether to print.

    Returns:
      The outcomes, all of them "ok" or "not applicable".

    Raises:
      AssertionError: listing every property that failed.

    >>> import numpy as np
    >>> from vaex.likelihoods.bernoulli import Bernoulli
    >>> def twin(raw, x):
    ...     return -np.logaddexp(0, raw[..., 0] * (1 - 2 * x))
    >>> outcomes = check_likelihood(Bernoulli((3,)), reference=twin, verbose=False)
    >>> {outcome.verdict for outcome in outcomes} == {"ok", "not applicable"}
    True
    """
    outcomes = []
    # Matrix products in full float32, where an accelerator would round them.
    with jax.default_matmul_precision("float32"):
        for subject in subjects(head, event_shapes, reference):
            shape = subject.head.event_shape
            if verbose:
                sys.stdout.write(f"{subject.name}, event_shape {shape}\n")
            for check in properties():
                name = check.__name__.replace("_", " ")
                outcome = tried(name, check, subject)
                outcomes.append(outcome)
                if verbose:
                    sys.stdout.write(f"  {outcome}\n")
                    sys.stdout.flush()
    failed = [outcome for outcome in outcomes if outcome.verdict == "failed"]
    if failed:
        lines = "\n".join(f"- {outcome.name}: {outcome.detail}" for outcome in failed)
        raise AssertionError(f"{len(failed)} properties do not hold:\n{lines}")
    return outcomes


def properties() -> list[Property]:
    """The properties of the contract: a file more is a property more.

    >>> [check.__name__ for check in properties()][:2]
    ['verbs_have_the_stated_shapes_and_types', 'dimensions_sum_to_log_prob']
    """
    folder = likelihood_properties
    found = []
    for file in sorted(Path(folder.__path__[0]).glob("[!_]*.py")):
        module = importlib.import_module(f"{folder.__name__}.{file.stem}")
        found += [getattr(module, name) for name in definitions(file)]
    return found
