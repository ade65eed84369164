"""What a head states about its distribution is so, or it says that it cannot."""

import inspect
import math

import jax
import numpy as np

from vaex.support import Support
from vaex.testing._compiled import quick_jit
from vaex.testing._grid import Grid, grids, log_prob_of
from vaex.testing._integration import interval
from vaex.testing._outcome import NotApplicable, require
from vaex.testing._statistics import furthest
from vaex.testing._subject import STATED, B, Subject


def what_cannot_be_stated_is_refused(subject: Subject) -> str:
    """Mean, mode, variance, entropy, probabilities are given, or refused by ValueError.

    A head without a closed form must say so, not give the number of another head.
    """
    stated, refused = subject.draws.stated, subject.draws.refused
    for verb, error in refused.items():
        require(isinstance(error, ValueError), f"{verb} raises {error!r}")
        require(
            subject.name in str(error), f"{verb}: the message names no head: {error}"
        )
    names = [name for name in STATED if name in stated]
    return f"gives {', '.join(names) or 'none'}"


def mean_is_that_of_the_distribution(subject: Subject) -> str:
    """`mean` is E[x]; on the circle, the direction of E[exp(ix)]."""
    return _moment(subject, "mean")


def variance_is_that_of_the_distribution(subject: Subject) -> str:
    """`variance` is E[(x - E x)^2]; on the circle, 1 - |E exp(ix)|."""
    return _moment(subject, "variance")


def entropy_is_that_of_the_distribution(subject: Subject) -> str:
    """`entropy` is -E[log p(x)], of the whole event."""
    stated = _stated(subject, "entropy")
    require(stated.shape == (B,), f"entropy has shape {stated.shape}, not ({B},)")
    grid = _own_grid(subject)
    if grid is not None:
        parts = -grid.expectation(grid.log_prob)
        return _close("entropy", stated, parts.reshape(B, -1).sum(-1), grid)
    log_prob = log_prob_of(subject, subject.draws.x)
    z, limit = furthest(-log_prob, stated)
    require(z < limit, f"entropy is off by {z:.1f} standard errors")
    return f"off by {z:.1f} standard errors of draws"


def mode_is_most_probable(subject: Subject) -> str:
    """`mode` lies in the support and no other value is more probable."""
    mode = _stated(subject, "mode")
    subject.head.check_support(np.asarray(mode, np.float32))
    grid, log_prob = _own_grid(subject), log_prob_of(subject, mode[None])
    if grid is None:
        best = log_prob_of(subject, subject.draws.x).max(0)
    else:
        known = np.where(_away_from_ends(grid), grid.log_prob, -np.inf)
        best = known.max(0).reshape(B, -1).sum(-1)
    # Float32 sums over the event.
    gap = float((best - log_prob).max())
    limit = 1e-5 * (10 + abs(log_prob).max())
    require(gap < limit, f"a value is {gap:.3g} nats more probable than the mode")
    return ""


def probabilities_are_those_of_values(subject: Subject) -> str:
    """`probabilities` are exp(log_prob): of 1 for binary data, else of each class."""
    found, head = _stated(subject, "probabilities"), subject.head
    grid = _own_grid(subject)
    if grid is None:
        raise NotApplicable("there are too many outcomes to sum over")
    expected = np.moveaxis(np.exp(grid.log_prob), 0, -1)
    if head.support.event_rank:
        member = grid.x.reshape(-1, *grid.x.shape)[0, :, 0].reshape(len(grid.x), -1)
        expected = expected @ member[:, -head.event_shape[-1] :]
    elif found.shape == (B, *head.event_shape):
        expected = expected[..., 1]
    require(
        found.shape == expected.shape,
        f"probabilities have shape {found.shape}, not {expected.shape}",
    )
    return _close("probabilities", found, expected)


def quantiles_invert_the_distribution_function(subject: Subject) -> str:
    """P(x <= quantile(q)) is q; of counts, the first value at which it is reached."""
    head = subject.head
    verb = getattr(type(head), "quantile", None)
    if verb is None:
        raise NotApplicable("the base class has no such verb")
    levels = np.array([0.05, 0.5, 0.9])
    grid = _own_grid(subject) if head.is_normalized and subject.is_separate else None
    if grid is None:
        raise NotApplicable("a quantile is of numbers that are scored one by one")

    arguments = {"key": jax.random.key(3), "num_samples": 20_000}
    known = inspect.signature(verb).parameters
    options = {name: value for name, value in arguments.items() if name in known}

    @quick_jit
    def quantiles(variables, features):
        return [
            head.apply(
                variables, features, q, axes=subject.axes, method="quantile", **options
            )
            for q in levels
        ]

    try:
        found = quantiles(subject.variables, subject.features[0])
    except ValueError as error:
        require(subject.name in str(error), f"the message names no head: {error}")
        return "refused"
    below = grid.mass.cumsum(0)
    if not grid.is_discrete:
        below = below - grid.mass / 2
    # Where the verb draws samples: five of their standard errors.
    slack, worst = 5 * math.sqrt(0.25 / arguments["num_samples"]), 0.0
    for q, value in zip(levels, found, strict=True):
        require(value.shape == (B, *head.event_shape), f"quantile has {value.shape}")
        for at in np.ndindex(B, *head.event_shape):
            x, cdf = grid.x[(slice(None), *at)], below[(slice(None), *at)]
            y = float(value[at])
            if grid.is_discrete:
                reached, before = cdf[x <= y + 0.01][-1:], cdf[x < y - 0.01][-1:]
                off = max(q - float(reached.sum()), float(before.sum()) - q)
            else:
                off = abs(float(np.interp(y, x, cdf)) - q)
            worst = max(worst, off)
            require(off < slack, f"P(x <= quantile({q})) is off by {off:.3g} at {at}")
    return f"within {max(worst, 0.0):.1e}"


def _stated(subject: Subject, verb: str) -> np.ndarray:
    if not subject.head.is_normalized:
        raise NotApplicable("a loss-only head is no distribution")
    if verb in subject.draws.refused:
        raise NotApplicable("refused by the head")
    found = np.asarray(subject.draws.stated[verb], np.float64)
    require(not np.isnan(found).any(), f"{verb} holds NaN")
    return found


def _own_grid(subject: Subject) -> Grid | None:
    """Of the head at its own event shape."""
    try:
        found = grids(subject)
    except NotApplicable:
        return None
    return found[0] if found[0].subject is subject else None


def _away_from_ends(grid: Grid) -> np.ndarray:
    """[V, B, *A]: points that a mode must beat, where a density is infinite at an end.

    There the mode is any number next to the end, and either end if it is so at both.
    """
    if grid.is_discrete or len(grid.sides) > 1:
        return grid.weights > 0
    low, high = interval(grid.subject.head.support)
    margin = 1e-5 if math.isinf(high - low) else 0.05 * (high - low)
    x = grid.x.reshape(grid.weights.shape).astype(np.float64)
    return (grid.weights > 0) & (x - low > margin) & (high - x > margin)


def _is_circle(support: Support) -> bool:
    if support.is_discrete or support.event_rank:
        return False
    return bool(np.allclose(interval(support), (-math.pi, math.pi), atol=1e-4))


def _moment(subject: Subject, verb: str) -> str:
    stated, x = _stated(subject, verb), subject.draws.x
    same = stated.shape == x.shape[1:]
    require(same, f"{verb} has shape {stated.shape}, not {x.shape[1:]}")
    grid = _own_grid(subject)
    if _is_circle(subject.head.support):
        if grid is None:
            raise NotApplicable("angles that are scored jointly")
        turn = grid.expectation(np.cos(grid.x)) + 1j * grid.expectation(np.sin(grid.x))
        if verb == "variance":
            return _close(verb, stated, 1 - abs(turn))
        off = np.angle(np.exp(1j * stated) / turn)
        return _close(verb, off, np.zeros_like(off))
    if grid is not None and (subject.is_separate or grid.is_discrete):
        values = np.asarray(grid.x, np.float64)
        mean = grid.expectation(values)
        expected = mean if verb == "mean" else grid.expectation((values - mean) ** 2)
        return _close(verb, stated, expected, grid)
    expected = stated if np.isfinite(stated).all() else np.full_like(stated, np.nan)
    if verb == "variance":
        x = (x - x.mean(0, dtype=np.float64)) ** 2 * len(x) / (len(x) - 1)
    z, limit = furthest(x, expected)
    require(z < limit, f"{verb} is off by {z:.1f} standard errors of draws")
    return f"off by {z:.1f} standard errors of draws"


def _close(
    verb: str, found: np.ndarray, expected: np.ndarray, grid: Grid | None = None
) -> str:
    """Float32 log-probabilities are right to 1e-6 or so of up to 20 nats."""
    finite = np.isfinite(found) & np.isfinite(expected)
    off = np.where(finite, abs(found - expected) / (1 + abs(expected)), 0.0)
    allowed = 1e-4 if grid is None else 1e-4 + 2 * float(grid.unresolved.max())
    at = np.unravel_index(int(np.argmax(off)), off.shape)
    require(
        off[at] < allowed,
        f"{verb} is {found[at]:.6g} where the distribution has {expected[at]:.6g}",
    )
    left_out = int((~finite).sum())
    note = f"; {left_out} of {off.size} not finite" if left_out else ""
    return f"within {off.max():.1e}{note}"
