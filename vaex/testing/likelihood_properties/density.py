"""The log-probability is one of a distribution, and samples are drawn from it."""

import numpy as np

from vaex.testing._grid import Grid, grids, index_of
from vaex.testing._outcome import NotApplicable, require, require_close
from vaex.testing._statistics import LEVEL, furthest, least_fitting, least_uniform
from vaex.testing._subject import B, S, Subject


def total_mass_is_one(subject: Subject) -> str:
    """Probabilities of all outcomes sum to 1, densities integrate to 1.

    Without the constant, likelihoods of different heads cannot be compared, learned
    scales run to their bounds, and NLL and bits per dimension mean nothing.
    """
    worst = 0.0
    for grid in grids(subject):
        off = abs(grid.total - 1.0)
        # Float32 log-probabilities; a plane has fewer points.
        allowed = (1e-4 if len(grid.sides) > 1 else 3e-5) + grid.unresolved
        worst_at = int(np.argmax(np.nan_to_num(off, nan=np.inf)))
        at = tuple(int(i) for i in np.unravel_index(worst_at, off.shape))
        require(
            (off <= allowed).all(),
            f"mass {grid.total[at]:.6g} at {_place(grid, at)}, not 1",
        )
        worst = max(worst, float(off.max()))
    how = "summed" if subject.head.support.is_discrete else "integrated"
    return f"{how}, within {worst:.1e}"


def log_prob_is_that_of_the_reference(subject: Subject) -> str:
    """`log_prob` is that of a twin in float64, for ordinary raw numbers and draws.

    Only a twin that somebody else wrote shows that the density is the one meant.
    """
    if subject.reference is None:
        raise NotApplicable("no reference was given")
    x = np.broadcast_to(subject.x, (S, *subject.x.shape)).reshape(
        S * B, *subject.head.event_shape
    )
    raw = subject.raw.reshape(S * B, *subject.head.raw_shape)
    expected = np.asarray(subject.reference(raw.astype(float), x.astype(float)))
    found = np.asarray(subject.score(raw, x), np.float64)
    if expected.ndim == 1:
        found = found.reshape(S * B, -1).sum(-1)
    return f"{require_close(found, expected, 'log_prob', 2e-5, 2e-5)} nats"


def samples_follow_log_prob(subject: Subject) -> str:
    """Draws have the distribution that `log_prob` states, and lie in the support.

    Kolmogorov-Smirnov with the integrated density, chi-squared where outcomes can be
    counted; where numbers are scored jointly, their marginals and E log p as well.
    """
    subject.head.check_support(subject.draws.x.reshape(-1, *subject.head.event_shape))
    said = []
    for grid in grids(subject):
        if grid.is_discrete:
            p = _discrete(grid)
            said.append(f"chi-squared p {p:.2g}")
        else:
            p = _continuous(grid)
            said.append(f"KS p {p:.2g}")
        require(p > LEVEL, f"samples do not follow log_prob: {said[-1]}")
        expected = grid.expectation(grid.log_prob)
        squares = grid.expectation(grid.log_prob**2)
        spread = np.sqrt(np.maximum(squares - expected**2, 0.0))
        z, limit = furthest(grid.at_draws, expected, spread)
        require(z < limit, f"E log p of draws is off by {z:.1f} standard errors")
    return ", ".join(said)


def _place(grid: Grid, at: tuple[int, ...]) -> str:
    return (
        f"example {at[0]}, part {at[1:]}, event_shape {grid.subject.head.event_shape}"
    )


def _discrete(grid: Grid) -> float:
    index, count = index_of(grid, grid.subject.draws.x), len(grid.x)
    require((index >= 0).all(), "a draw is none of the enumerated outcomes")
    parts = index.reshape(len(index), -1)
    counts = np.stack([np.bincount(part, minlength=count) for part in parts.T], -1)
    return least_fitting(counts, grid.mass.reshape(count, -1))


def _continuous(grid: Grid) -> float:
    """By each number's distribution function, integrated up to the draws."""
    sides, draws = grid.sides, grid.subject.draws.x
    mass = grid.mass.reshape(*sides, -1)
    x = grid.x.reshape(*sides, mass.shape[-1], -1)
    draws = draws.reshape(len(draws), mass.shape[-1], -1)
    least = []
    for axis in range(len(sides)):
        marginal = np.moveaxis(mass, axis, 0)
        marginal = marginal.reshape(sides[axis], -1, mass.shape[-1]).sum(1)
        at = np.moveaxis(x[..., axis], axis, 0)
        at = at.reshape(sides[axis], -1, mass.shape[-1])[:, 0]
        below = marginal.cumsum(0) - marginal / 2
        u = [
            np.interp(draws[:, part, axis], at[:, part], below[:, part])
            for part in range(at.shape[-1])
        ]
        least.append(least_uniform(np.stack(u, -1)))
    return min(1.0, min(least) * len(least))
