"""A head's probabilities over its whole support: by enumeration or by quadrature.

V points, N draws, B batch, E event, J the axes that are scored jointly.
"""

import math
from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np

from vaex.testing._compiled import quick_jit
from vaex.testing._integration import levels, nodes, vectors
from vaex.testing._outcome import NotApplicable
from vaex.testing._subject import B, Subject

# Joint outcomes that are enumerated: of events as given, of small ones.
MOST, MOST_OF_SMALL = 5000, 70_000


class Grid(NamedTuple):
    """Points that exhaust the support, for a head with the event shape [*A, *J].

    Attributes:
      subject: the head, at an event shape for which there is such a grid.
      x: [V, B, *A, *J] float32.
      weights: [V, B, *A] float64: 1 for outcomes.
      log_prob: [V, B, *A] float64 nats.
      at_draws: [N, B, *A] float64 nats, of `subject.draws`.
      sides: points along each joint number; one entry where numbers are separate.
    """

    subject: Subject
    x: np.ndarray
    weights: np.ndarray
    log_prob: np.ndarray
    at_draws: np.ndarray
    sides: tuple[int, ...]

    @property
    def is_discrete(self) -> bool:
        """Whether the points are all the outcomes."""
        return self.subject.head.support.is_discrete

    @property
    def total(self) -> np.ndarray:
        """[B, *A] float64, what is 1 for a probability distribution."""
        return (self.weights * np.exp(self.log_prob)).sum(0)

    @property
    def mass(self) -> np.ndarray:
        """[V, B, *A] float64, probability of each point, divided by `total`."""
        return self.weights * np.exp(self.log_prob) / self.total

    @property
    def unresolved(self) -> np.ndarray:
        """[B, *A] bound of the mass between the ends and the last float32 numbers.

        Where a density is infinite at 1, as that of Beta with a concentration of 1/2,
        it is (6e-8)^(1/2): neither draws nor points lie there.
        """
        bound = np.zeros(self.weights.shape[1:])
        if self.is_discrete or len(self.sides) > 1:
            return bound
        x = self.x.reshape(self.weights.shape)
        for at in (x.argmin(0), x.argmax(0)):
            end = np.take_along_axis(x, at[None], 0)[0]
            log_prob = np.take_along_axis(self.log_prob, at[None], 0)[0]
            # Four times the rectangle: a density like d^(b - 1) has 1 / b of it.
            cell = np.abs(np.spacing(end)).astype(np.float64)
            bound += 4 * np.exp(np.minimum(log_prob, 80.0)) * cell
        return bound

    def expectation(self, values: np.ndarray) -> np.ndarray:
        """E of values [V, B, *A, ...], [B, *A, ...]; NaN where tails do not converge.

        The outer tenth of the points of an integral must not matter.
        """
        rest = (1,) * (values.ndim - self.weights.ndim)
        # 0 times infinity, at points that have no mass
        terms = np.where(self.mass.reshape(*self.mass.shape, *rest) > 0, values, 0.0)
        terms = terms * self.mass.reshape(*self.mass.shape, *rest)
        total = terms.sum(0)
        if self.is_discrete or len(self.sides) > 1:
            return total
        cut = len(terms) // 20
        inner = terms[cut:-cut].sum(0)
        return np.where(abs(inner - total) <= 1e-6 * (1 + abs(total)), total, np.nan)


@cache
def grids(subject: Subject) -> tuple[Grid, ...]:
    """Grids of a head, or of the same head at events small enough to have one."""
    if not subject.head.is_normalized:
        raise NotApplicable("a loss-only head has no density")
    joint = subject.joint_shape
    if joint is None:
        raise NotApplicable("the event is no array of parts of one kind")
    points = _points(subject, joint, MOST)
    if points is not None:
        return (_scored(subject, *points),)
    if subject.head.support.event_rank:
        raise NotApplicable(f"no rule sums over {subject.head.support.description}")
    found = []
    for size in (1, 2):
        shape = (1,) * (len(subject.head.event_shape) - 1) + (size,)
        try:
            small = Subject(subject.resized(shape), resized=subject.resized)
        except ValueError as error:
            raise NotApplicable(f"an event {shape} is refused: {error}") from None
        points = _points(small, small.joint_shape or (), MOST_OF_SMALL)
        if points is not None:
            found.append(_scored(small, *points))
    if not found:
        raise NotApplicable("there are too many outcomes to sum over")
    return tuple(found)


Points = tuple[np.ndarray, np.ndarray, tuple[int, ...]]


def _points(subject: Subject, joint: tuple[int, ...], most: int) -> Points | None:
    """x, weights and sides; None where they would be too many."""
    support, attribution = subject.head.support, subject.head.attribution_shape
    shape, count = (B, *attribution), math.prod(joint)
    if support.event_rank:
        if not support.is_discrete or len(joint) > 1:
            return None
        rows = vectors(support, *joint)
        return _spread(rows, shape, joint), np.ones((len(rows), *shape)), (len(rows),)
    if support.is_discrete:
        # Ten times as far as any draw: what lies beyond has too little mass to matter.
        one = levels(support, 10.0 * float(subject.draws.x.max()))
        if len(one) ** count > max(most, len(one)):
            return None
        rows = np.stack(np.meshgrid(*[one] * count, indexing="ij"), -1)
        x = _spread(rows.reshape(-1, *joint), shape, joint)
        return x, np.ones((len(x), *shape)), (len(one),) * count
    if count == 1:
        x, weights = nodes(support, draws=subject.draws.x)
        return x, weights.reshape(-1, *shape), (len(x),)
    if count > 2:
        return None
    x, weights = nodes(support, 257, draws=subject.draws.x)
    side = len(x)
    x = x.reshape(side, *shape, 2)
    weights = weights.reshape(side, *shape, 2)
    first, second = np.broadcast_arrays(x[:, None, ..., 0], x[None, ..., 1])
    pairs = np.stack([first, second], -1).reshape(-1, *shape, *joint)
    both = weights[:, None, ..., 0] * weights[None, ..., 1]
    return pairs, both.reshape(-1, *shape), (side, side)


def _spread(rows: np.ndarray, shape: tuple[int, ...], joint: Any) -> np.ndarray:
    """The same rows [V, *J] for each part."""
    ones = (1,) * len(shape)
    return np.broadcast_to(
        rows.reshape(len(rows), *ones, *joint), (len(rows), *shape, *joint)
    )


def parts_of(subject: Subject, x: np.ndarray) -> np.ndarray:
    """Log-probabilities [N, B, *A] float64 of x [N, B, *A, *J]."""

    @quick_jit
    def log_prob(variables: Any, features: Any, x: Any) -> Any:
        def one(x: Any) -> Any:
            verb = "log_prob_per_dimension"
            return subject.apply(verb, features, x, variables=variables)

        return jax.vmap(one)(x)

    found = log_prob(subject.variables, subject.features[0], x)
    return np.asarray(found, np.float64)


def log_prob_of(subject: Subject, x: np.ndarray) -> np.ndarray:
    """Log-probabilities [N, B] float64 of x [N, B, *E]."""
    return parts_of(subject, x.astype(np.float32)).reshape(*x.shape[:2], -1).sum(-1)


def _scored(subject: Subject, x: Any, weights: Any, sides: Any) -> Grid:
    found = parts_of(subject, np.concatenate([x, subject.draws.x]))
    return Grid(subject, x, weights, found[: len(x)], found[len(x) :], sides)


def index_of(grid: Grid, x: np.ndarray) -> np.ndarray:
    """[N, B, *A] which outcome each draw [N, B, *A, *J] is; -1 for none."""
    rank = grid.weights.ndim
    cells = grid.x[(slice(None), *(0,) * (rank - 1))].reshape(len(grid.x), -1)
    draws = x.reshape(*x.shape[:rank], -1)
    known = np.unique(cells)
    code = known.size ** np.arange(cells.shape[-1])
    place = np.minimum(np.searchsorted(known, draws), known.size - 1)
    codes, drawn = (
        (np.searchsorted(known, cells) * code).sum(-1),
        (place * code).sum(-1),
    )
    order = np.argsort(codes)
    found = np.minimum(np.searchsorted(codes[order], drawn), len(codes) - 1)
    same = (codes[order][found] == drawn) & (known[place] == draws).all(-1)
    return np.where(same, order[found], -1)
