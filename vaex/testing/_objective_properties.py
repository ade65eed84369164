"""What an objective has to keep, one function for each property."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from vaex.testing._objective_subject import Subject
from vaex.testing._outcome import NotApplicable, require, require_close

LEDGER = ("elbo", "distortion", "rate")


def loss_and_metrics_are_finite_scalars(subject: Subject) -> str:
    """Also of the gradient: no NaN, no infinity."""
    found = subject.found
    named = {"loss": found.loss, **found.metrics}
    for name, value in named.items():
        require(np.shape(value) == (), f"{name} has shape {np.shape(value)}, not ()")
        require(np.isfinite(value), f"{name} is {value}")
    for path, leaf in jax.tree_util.tree_leaves_with_path(found.gradient):
        place = jax.tree_util.keystr(path)
        require(np.isfinite(leaf).all(), f"the gradient at {place} is not finite")
    return f"loss {float(found.loss):.4g}"


def terms_are_computed_once(subject: Subject) -> str:
    """One pass of the model, and of its encoder in training mode, for a loss."""
    _ = subject.found
    calls = subject.calls
    require(len(calls.samples) == 1, f"terms is called {len(calls.samples)} times")
    encodes = calls.training_encodes
    require(encodes <= 1, f"encode(train=True) is called {encodes} times")
    return f"{calls.samples[0]} samples"


def the_ledger_is_the_plain_one(subject: Subject) -> str:
    """What the ELBO logs at the same parameters, key and number of samples."""
    found = subject.found
    for name in LEDGER:
        require(name in found.metrics, f"{name} is not among the metrics")
        require_close(found.metrics[name], found.ledger[name], name)
    return f"elbo {float(found.metrics['elbo']):.4g}"


def weights_are_traced_and_leave_the_ledger_alone(subject: Subject) -> str:
    """One program for all values, half of each weight here."""
    names = [name for name in subject.hparams if name.startswith("objective.")]
    if not names:
        raise NotApplicable("no parameter is annotated Scalar")
    before = subject.found
    for name in names:
        changed = {**subject.hparams, name: 0.5 * subject.hparams[name]}
        after = subject.at(changed)
        require(np.isfinite(after.loss), f"at half of {name} the loss is {after.loss}")
        for entry in LEDGER:
            require_close(after.metrics[entry], before.metrics[entry], entry)
    require(subject.traces == 1, f"{subject.traces} programs for several weights")
    return ", ".join(name.removeprefix("objective.") for name in names)


def every_part_learns(subject: Subject) -> str:
    """Encoder or posterior, decoder or head, and what the objective learns."""
    gradient: Mapping[str, Any] = subject.found.gradient
    parts = {
        "q(z|x)": [gradient["model"].get(n, {}) for n in ("encoder", "posterior")],
        "p(x|z)": [gradient["model"].get(n, {}) for n in ("decoder", "likelihood")],
    }
    if "objective" in gradient:
        parts["what the objective learns"] = [gradient["objective"]]
    for name, slopes in parts.items():
        moved = any((np.asarray(leaf) != 0.0).any() for leaf in jax.tree.leaves(slopes))
        require(moved, f"the gradient of {name} is 0")
    return ", ".join(parts)


def two_steps_keep_it_finite(subject: Subject) -> str:
    """Gradient descent at rate 0.01, in the same program."""
    params, losses = subject.state.params, []
    for _ in range(2):
        found = subject.at(subject.hparams, params)
        params = jax.tree.map(lambda p, g: p - 0.01 * g, params, found.gradient)
        losses.append(float(found.loss))
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        place = jax.tree_util.keystr(path)
        require(np.isfinite(leaf).all(), f"{place} is not finite after two steps")
    return " then ".join(f"{loss:.4g}" for loss in losses)


def hidden_cells_are_of_no_effect(subject: Subject) -> str:
    """Loss, metrics and gradient are the same whatever stands there, even NaN."""
    mask = np.ones(subject.batch["x"].shape, bool)
    mask[::2, 0] = mask[1, :] = False  # a cell here and there, and a whole example
    found = [
        subject.at(subject.hparams, batch={"x": x, "mask": mask})
        for x in (
            np.asarray(subject.batch["x"]),
            np.where(mask, subject.batch["x"], 1.0 - subject.batch["x"]),
            np.where(mask, subject.batch["x"], np.float32(np.nan)),
        )
    ]
    for what, other in zip(("flipped", "NaN"), found[1:], strict=True):
        paths = jax.tree_util.tree_leaves_with_path(found[0])
        for (path, leaf), changed in zip(paths, jax.tree.leaves(other), strict=True):
            place = jax.tree_util.keystr(path).lstrip(".")
            require_close(changed, leaf, f"{place} where hidden cells are {what}")
    require(
        found[0].ledger["distortion"] < subject.found.ledger["distortion"],
        "hiding cells leaves the distortion as large as it was",
    )
    return f"{int((~mask).sum())} cells"


def examples_are_logged_alone(subject: Subject) -> str:
    """The ledger is a mean over examples, each of which adds what it does alone.

    The two halves of the batch are exchanged for other examples, one, the other and
    both: what that changes must add up. It says whether it does for the loss too.
    """
    x = np.asarray(subject.batch["x"])
    half, other = np.arange(len(x)) < len(x) // 2, 1.0 - x
    no, one, two, both = (
        subject.at(
            subject.hparams,
            batch={**subject.batch, "x": np.where(chosen[:, None], other, x)},
        )
        for chosen in (half & ~half, half, ~half, half | ~half)
    )
    for entry in LEDGER:
        # Each is a float32 number of its own rounding.
        summed = one.metrics[entry] + two.metrics[entry] - no.metrics[entry]
        require_close(both.metrics[entry], summed, entry, atol=1e-4)
    gap = abs(both.loss + no.loss - one.loss - two.loss)
    alone = gap <= 1e-5 * max(1.0, abs(no.loss), abs(both.loss))
    return "the loss too" if alone else "the loss weighs the batch as a whole"


PROPERTIES = (
    loss_and_metrics_are_finite_scalars,
    terms_are_computed_once,
    the_ledger_is_the_plain_one,
    weights_are_traced_and_leave_the_ledger_alone,
    every_part_learns,
    two_steps_keep_it_finite,
    hidden_cells_are_of_no_effect,
    examples_are_logged_alone,
)
