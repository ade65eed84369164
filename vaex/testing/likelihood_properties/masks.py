"""Hidden cells: 0 nats, no trace of what they hold, and exact marginals."""

from functools import cache
from typing import Any

import jax
import numpy as np

from vaex.errors import InputError
from vaex.support import Support
from vaex.testing._compiled import quick_jit
from vaex.testing._integration import is_finite, levels, nodes
from vaex.testing._outcome import NotApplicable, require, require_close
from vaex.testing._subject import B, Subject
from vaex.testing._verbs import computed


def hidden_cells_count_nothing(subject: Subject) -> str:
    """Cells where the mask is False count exactly 0 nats, whatever they hold.

    Missing values often stand as NaN: neither they nor their gradient may reach a
    loss. What is shown keeps its log-probability.
    """
    head, x = subject.head, subject.x
    mask = _pattern(subject)
    expected = _masked(subject, x, mask)
    for garbage in (np.nan, np.inf, -7.5):
        filled = np.where(mask, x, np.float32(garbage))
        actual = _masked(subject, filled, mask)
        for found, wanted in zip(_leaves(actual), _leaves(expected), strict=True):
            same = np.array_equal(found, wanted)
            require(
                same, f"what hidden cells hold matters: {garbage} gives {actual[0]}"
            )
    finite = all(np.isfinite(leaf).all() for leaf in _leaves(expected))
    require(finite, "a loss or gradient of masked data is not finite")
    if head.couples_batch:
        return ""
    nothing = _masked(subject, np.full_like(x, np.nan), np.zeros_like(mask))
    zero = all((leaf == 0).all() for leaf in _leaves(nothing))
    require(
        zero, f"with every cell hidden the loss is {nothing[0]}, or slopes are not 0"
    )
    everything = _masked(subject, x, np.ones_like(mask))
    require_close(everything[0], computed(subject)["loss"], "all cells shown")
    if head.is_normalized:
        counted = np.asarray(head.attributed(mask))
        parts = np.asarray(expected[1])
        require((parts[:, ~counted] == 0).all(), "a hidden part is not exactly 0")
        whole = counted & ~np.asarray(head.attributed(~mask))
        wanted = computed(subject)["elements"][:, whole]
        require_close(parts[:, whole], wanted, "shown parts")
    return f"{int((~mask).sum())} of {mask.size} cells hidden"


def hiding_a_cell_marginalises_it(subject: Subject) -> str:
    """The log-probability without a cell is the log of the mass over its values.

    For heads that score cells jointly and say that a mask may cut through them: the
    evidence of what is seen, not an approximation with a filled-in value.
    """
    head, x = subject.head, subject.x
    cells = int(np.prod(head.event_shape, dtype=int))
    if not head.marginalizes or not head.is_normalized:
        raise NotApplicable("masks do not cut through what is scored jointly")
    if head.support.event_rank:
        raise NotApplicable("a cell of a vector has no support of its own")
    worst, mask = 0.0, np.ones((B, cells), bool)
    for hidden in range(min(2, cells)):
        values, weights = _cell_points(head.support, subject.draws.x, hidden)
        filled = np.repeat(x.reshape(1, B, cells), len(values), 0)
        filled[:, :, hidden] = values
        shown = _log_prob(subject, filled, mask)
        with np.errstate(divide="ignore"):
            top = shown.max(0)
            expected = top + np.log((weights * np.exp(shown - top)).sum(0))
        mask = mask.copy()
        mask[:, hidden] = False
        found = _log_prob(subject, filled[:1], mask)[0]
        off = float(abs(found - expected).max())
        # Float32 log-probabilities of tens of nats, by two different ways.
        require(
            off < 1e-4 * (1 + abs(expected).max()),
            f"hiding cells up to {hidden}: {found} nats, marginal {expected}",
        )
        worst = max(worst, off)
    return f"within {worst:.1e} nats"


def a_mask_through_a_joint_part_is_refused(subject: Subject) -> str:
    """`check_support` refuses a mask that shows a part of what is scored jointly.

    Scored with a filled-in value, the part would count as if it were seen.
    """
    groups, shape = _groups_of(subject), subject.head.event_shape
    counts = np.bincount(groups)
    if subject.head.joint_rank == 0 and counts.max() == 1:
        raise NotApplicable("every cell is scored for itself")
    if counts.max() == 1:
        raise NotApplicable("the head marginalises hidden cells")
    cell = int(np.flatnonzero(groups == counts.argmax())[0])
    values = np.broadcast_to(subject.x[:1], (4, *shape))
    mask = np.ones((4, groups.size), bool)
    mask[2, cell] = False
    try:
        subject.head.check_support(values, mask.reshape(values.shape))
    except InputError as error:
        require("joint" in str(error), f"the message does not say why: {error}")
    else:
        raise AssertionError(f"a mask that hides only cell {cell} is accepted")
    mask[2] = groups != groups[cell]
    subject.head.check_support(values, mask.reshape(values.shape))
    return f"groups of {counts.max()} cells"


def _groups_of(subject: Subject) -> np.ndarray:
    """[cells] index of the group of cells that a mask must keep together."""
    head = subject.head
    cells = int(np.prod(head.event_shape, dtype=int))
    one_hidden: Any = (~np.eye(cells, dtype=bool)).reshape(cells, *head.event_shape)
    lost = np.array(head.attributed(one_hidden)).reshape(cells, -1) == 0
    alone = lost.sum(1) == 0  # a marginalising head lets it go by itself
    keys = np.concatenate([lost, np.eye(cells, dtype=bool) & alone[:, None]], 1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)


def _pattern(subject: Subject) -> Any:
    """[B, *E] with hidden and shown cells, as the head allows; the last B has both."""
    groups = _groups_of(subject)
    count = groups.max() + 1
    shown = np.arange(B * count).reshape(B, count) % 3 != 1
    return shown[:, groups].reshape(B, *subject.head.event_shape)


@cache
def _program(subject: Subject) -> Any:
    head = subject.head

    def masked(variables: Any, x: Any, mask: Any) -> Any:
        def loss(params: Any) -> Any:
            def call(verb: str) -> Any:
                merged = {**variables, "params": params}
                return subject.apply(verb, subject.features, x, mask, variables=merged)

            value = call("reconstruction_loss")
            parts = call("log_prob_per_dimension") if head.is_normalized else value
            return value.sum(), (value, parts)

        (_, found), slopes = jax.value_and_grad(loss, has_aux=True)(variables["params"])
        return *found, slopes

    return quick_jit(masked)


def _masked(subject: Subject, x: np.ndarray, mask: np.ndarray) -> Any:
    """Loss [S, B], parts of the log-probability, gradient."""
    return jax.device_get(_program(subject)(subject.variables, x, mask))


def _leaves(tree: Any) -> list[Any]:
    return jax.tree.leaves(tree)


def _cell_points(
    support: Support, draws: np.ndarray, cell: int
) -> tuple[np.ndarray, np.ndarray]:
    """Values [V, B] and weights [V, B] of one cell, given draws [N, B, *E]."""
    own = draws.reshape(*draws.shape[:2], -1)[:, :, cell]
    if not support.is_discrete:
        return nodes(support, 2001, draws=own)
    top = 4096.0 if is_finite(support) else 10.0 * float(own.max())
    values = np.repeat(levels(support, top)[:, None], B, 1)
    return values, np.ones(values.shape)


def _log_prob(subject: Subject, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """[V, B] float64 nats of x [V, B, cells] with one mask [B, cells]."""
    event = subject.head.event_shape

    @quick_jit
    def each(variables: Any, features: Any, x: Any, mask: Any) -> Any:
        def one(x: Any) -> Any:
            return subject.apply("log_prob", features, x, mask, variables=variables)

        return jax.vmap(one)(x)

    shaped = x.reshape(len(x), B, *event), mask.reshape(B, *event)
    found = each(subject.variables, subject.features[0], *shaped)
    return np.asarray(found, np.float64)
