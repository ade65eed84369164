"""What an objective makes of example weights, one function for each property."""

from typing import Any

import jax
import numpy as np

from vaex.errors import InputError
from vaex.testing._objective_properties import LEDGER, examples_are_logged_alone
from vaex.testing._objective_subject import Found, Subject
from vaex.testing._outcome import NotApplicable, require, require_close


def equal_weights_change_nothing(subject: Subject) -> str:
    """Loss, metrics and gradient, whatever the weight that all examples have."""
    x = np.asarray(subject.batch["x"])
    _require_same(
        _at(subject, np.full(len(x), 0.5)), subject.found, "where all are 0.5"
    )
    return "all of 0.5"


def weight_0_is_absence(subject: Subject) -> str:
    """What such examples hold is of no effect on loss, metrics and gradient."""
    x = np.asarray(subject.batch["x"])
    weight = np.ones(len(x))
    weight[[1, -1]] = 0.0
    other = np.where(weight[:, None] > 0, x, 1.0 - x)
    found = [_at(subject, weight, x) for x in (x, other)]
    _require_same(found[1], found[0], "where examples of weight 0 are flipped")
    return f"{int((weight == 0).sum())} of {len(x)} examples"


def weight_2_counts_twice(subject: Subject) -> str:
    """Ledger, and the loss where it is one of single examples, with its gradient.

    One half of the batch and twice the other one add up to both, so weighted.
    """
    half = np.arange(len(subject.batch["x"])) < len(subject.batch["x"]) // 2
    one, two, both = (_at(subject, w) for w in (1.0 * half, 2.0 * ~half, 2.0 - half))
    share = half.sum() / (2.0 - half).sum()

    def mixed(name: str, a: Any, b: Any, found: Any) -> None:
        expected = share * np.asarray(a) + (1.0 - share) * np.asarray(b)
        # Each is a float32 number of its own rounding.
        require_close(found, expected, f"{name} where half is of weight 2", atol=1e-4)

    for entry in LEDGER:
        mixed(entry, one.metrics[entry], two.metrics[entry], both.metrics[entry])
    if "whole" in examples_are_logged_alone(subject):
        return "the ledger; the loss weighs the batch as a whole"
    mixed("loss", one.loss, two.loss, both.loss)
    jax.tree.map(
        lambda *leaves: mixed("gradient", *leaves),
        *(one.gradient, two.gradient, both.gradient),
    )
    return "ledger, loss and gradient"


def _at(subject: Subject, weight: np.ndarray, x: np.ndarray | None = None) -> Found:
    """With these weights; NotApplicable where the objective says that it has none."""
    x = np.asarray(subject.batch["x"]) if x is None else x
    batch = {**subject.batch, "x": x, "weight": weight.astype(np.float32)}
    try:
        return subject.at(subject.hparams, batch=batch)
    except InputError as error:
        if "weight" not in str(error):
            raise
        raise NotApplicable(f"refused: {error}") from error


def _require_same(found: Found, expected: Found, where: str) -> None:
    # The ledger of the ELBO is compared by `weight_2_counts_twice`.
    ours, theirs = found[:2] + found[3:], expected[:2] + expected[3:]
    require(jax.tree.structure(ours) == jax.tree.structure(theirs), "other metrics")
    names = ["loss", *sorted(expected.metrics)]
    leaves = list(zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True))
    for index, (leaf, other) in enumerate(leaves):
        name = names[index] if index < len(names) else "the gradient"
        require_close(leaf, other, f"{name} {where}")


WEIGHT_PROPERTIES = (
    equal_weights_change_nothing,
    weight_0_is_absence,
    weight_2_counts_twice,
)
