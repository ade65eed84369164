"""Integrals and sums over a support, for densities that are only known by log_prob."""

import math

import numpy as np

from vaex.support import Support


def interval(support: Support) -> tuple[float, float]:
    """The ends of a support of numbers, found by asking `contains`."""

    def end(direction: float) -> float:
        inner, outer = float(np.ravel(support.inside)[0]), direction * 1e30
        if support.contains(np.array(outer)):
            return direction * math.inf
        for _ in range(300):
            middle = (inner + outer) / 2
            if support.contains(np.array(middle)):
                inner = middle
            else:
                outer = middle
        return inner

    return end(-1.0), end(1.0)


def outcomes(support: Support, size: int, most: int = 4096) -> np.ndarray | None:
    """All (or the first `most`) values of a discrete support; None: it is none.

    Numbers [V], or for a support of vectors [V, size].
    """
    if not support.is_discrete:
        return None
    if support.event_rank:
        values = np.eye(size)
    else:
        values = np.arange(-most, most, dtype=np.float64)
    return values[support.contains(values)].astype(np.float32)


def nodes(support: Support, count: int = 4001) -> tuple[np.ndarray, np.ndarray]:
    """Values [V] float32 inside a continuous support and weights [V] float64.

    Double-exponential substitutions: right for ends where a density is infinite and
    for tails of any kind, without knowing where the mass is.
    """
    low, high = interval(support)
    t, step = np.linspace(-4.0, 4.0, count, retstep=True)
    s, slope = np.pi / 2 * np.sinh(t), np.pi / 2 * np.cosh(t) * step
    if math.isinf(low) and math.isinf(high):
        x, weights = np.sinh(s), np.cosh(s) * slope
    elif math.isinf(high):
        x, weights = low + np.exp(s), np.exp(s) * slope
    else:
        half = (high - low) / 2
        x = low + 2 * half / (1 + np.exp(-2 * s))
        weights = half / np.cosh(s) ** 2 * slope
    x = x.astype(np.float32)
    kept = support.contains(x)
    return x[kept], weights[kept]


def edges(support: Support, size: int) -> np.ndarray:
    """Values [V] (or vectors [V, size]) of a support that lie at its ends."""
    values = outcomes(support, size)
    if values is not None:
        return values if support.event_rank else np.unique(values[[0, 1, -1]])
    low, high = interval(support)
    ends = np.array([max(low, -1e4), max(low, 0.0), min(high, 1.0), min(high, 1e4)])
    finite = [end for end in (low, high) if not math.isinf(end)]
    near = [end + shift for end in finite for shift in (-1e-6, 1e-6)]
    values = np.unique(np.concatenate([ends, near])).astype(np.float32)
    return values[support.contains(values)]
