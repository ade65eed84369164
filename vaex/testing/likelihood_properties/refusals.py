"""What a head cannot score it refuses, by name and before anything compiles."""

from typing import Any

import jax
import numpy as np

from vaex.errors import InputError
from vaex.testing._outcome import NotApplicable, require
from vaex.testing._subject import B, Subject


def values_outside_the_support_are_refused(subject: Subject) -> str:
    """`check_support` names the head, its support and the first value outside.

    Compiled code cannot raise: grey values would train a Bernoulli head and report a
    number that is no likelihood.
    """
    head = subject.head
    inside = np.array(subject.x[:1])
    cell = (0,) * (len(head.event_shape) - 1) + (-1,) * bool(head.event_shape)
    head.check_support(np.repeat(inside, 4, axis=0))
    refused = []
    for candidate in (np.nan, np.inf, -np.inf, -1.0, 1.5, 0.5, 1e9):
        data = np.repeat(inside, 4, axis=0)
        data[(2, *cell)] = candidate
        if head.support.contains(data).all():
            continue
        refused.append(candidate)
        message = _refusal(subject, data)
        require(message, f"{candidate} is accepted")
        for part in (subject.name, "1 of", "(2"):
            require(
                part in message, f"{candidate}: the message lacks {part!r}: {message}"
            )
        mask = np.ones(data.shape, bool)
        mask[2] = False
        for hidden in (mask, mask.astype(np.uint8)):
            require(
                not _refusal(subject, data, hidden), f"hidden {candidate} is refused"
            )
        require(
            _refusal(subject, data, np.roll(mask, 1, axis=0)),
            f"{candidate} is accepted, if the example after it is hidden",
        )
    require(len(refused) >= 3, f"refuses only {refused} among odd values")
    shape = (3, *head.event_shape[:-1], 5 + sum(head.event_shape[-1:]))
    message = _refusal(subject, np.zeros(shape))
    named = str(head.event_shape) in message and str(shape[1:]) in message
    require(named, f"another event shape: the message is {message!r}")
    return f"refuses {', '.join(f'{value:g}' for value in refused)}"


def x_or_mask_of_another_shape_is_refused(subject: Subject) -> str:
    """`log_prob` refuses an x or a mask that does not fit, where it would broadcast."""
    x, event = subject.x, subject.head.event_shape
    trials = [(x, np.ones((B, *(1,) * (len(event) + 1)), bool))]
    if event:
        wide = np.zeros((B, *event[:-1], event[-1] + 1), np.float32)
        trials.append((wide, np.ones(wide.shape, bool)))

    def loss(features: Any, x: Any, mask: Any) -> Any:
        return subject.apply("reconstruction_loss", features, x, mask)

    for values, mask in trials:
        try:
            jax.eval_shape(loss, subject.features, values, mask)
        except InputError:
            continue
        raise AssertionError(f"x {values.shape} with mask {mask.shape} is accepted")
    return ""


def a_loss_has_no_probability(subject: Subject) -> str:
    """A loss-only head refuses log-probabilities, with a normalised head to choose.

    A reconstruction error without its constant is no likelihood, and not logged as one.
    """
    if subject.head.is_normalized:
        raise NotApplicable("the head has a density")
    features, x = subject.features, subject.x
    instead = subject.head.normalized_instead
    calls: dict[str, Any] = {
        verb: lambda verb=verb: subject.apply(verb, features, x)
        for verb in ("log_prob", "log_prob_per_dimension")
    }
    calls["log_prob of `__call__`"] = lambda: subject.apply(
        "__call__", features
    ).log_prob(x)
    for what, call in calls.items():
        try:
            jax.eval_shape(call)
        except ValueError as error:
            named = instead in str(error) or "__call__" in what
            require(named, f"{what}: the message names no {instead}: {error}")
        else:
            raise AssertionError(f"{what} is given")
    return ""


def _refusal(subject: Subject, data: np.ndarray, mask: np.ndarray | None = None) -> str:
    """The message, or "" where the data are accepted."""
    try:
        subject.head.check_support(data, mask)
    except InputError as error:
        return str(error)
    return ""
