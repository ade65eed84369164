"""Integrals and sums over a support, for densities that are only known by log_prob."""

import math
from functools import cache

import numpy as np

from vaex.support import Support

# exp(-FAR) is a normal float32 number.
FAR = 85.0


@cache
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


def levels(support: Support, top: float) -> np.ndarray:
    """Members [K] of a discrete support of numbers up to `top`, or to its end."""
    most = 4096.0 if is_finite(support) else max(top, 64.0)
    values = np.arange(-most, most + 1)
    return values[support.contains(values)].astype(np.float32)


def is_finite(support: Support) -> bool:
    """Whether a discrete support of numbers has a last member."""
    return not support.contains(np.array([-(2.0**20), 2.0**20])).any()


def vectors(support: Support, size: int) -> np.ndarray:
    """Members [V, size] of a discrete support of vectors, among those of 0s and 1s."""
    if size > 12:
        values = np.eye(size)
    else:
        values = (np.arange(2**size)[:, None] >> np.arange(size)) & 1
    return values[support.contains(values)].astype(np.float32)


def nodes(
    support: Support,
    count: int = 4001,
    draws: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Values float32 inside a continuous support and their weights float64.

    Double-exponential substitutions: right for ends where a density is infinite and
    for tails of any kind. Where `draws` are given, they are placed around them.

    Args:
      support: of numbers.
      count: V.
      draws: [N, ...] of the distributions to integrate, or None.

    Returns:
      Two arrays [V, ...], or [V] without draws.

    Source: Takahasi, Mori, "Double Exponential Formulas for Numerical Integration",
      Publ. RIMS 9, 1974, https://doi.org/10.2977/prims/1195192451.
    """
    low, high = interval(support)
    free = math.isinf(low) and math.isinf(high)
    t, step = np.linspace(*((-4.0, 4.0) if free else (-4.6, 4.6)), count, retstep=True)
    s, slope = np.pi / 2 * np.sinh(t), np.pi / 2 * np.cosh(t) * step

    def line(x: np.ndarray) -> np.ndarray:
        """The support's numbers to the real line, to see where draws lie."""
        if free:
            return x
        tiny = np.finfo(np.float32).tiny
        below = np.log(np.maximum(x - low, tiny))
        return below if math.isinf(high) else below - np.log(np.maximum(high - x, tiny))

    center, spread = np.float64(0.0), np.float64(1.0)
    if draws is not None:
        quantiles = np.quantile(line(draws.astype(np.float64)), (0.25, 0.5, 0.75), 0)
        center, spread = quantiles[1], np.maximum(quantiles[2] - quantiles[0], 1e-6)
        axes = (count,) + (1,) * center.ndim
        s, slope = s.reshape(axes), slope.reshape(axes)
    if free:
        x, weights = center + spread * np.sinh(s), spread * np.cosh(s) * slope
    elif math.isinf(high):
        u = np.clip(center + spread * s, -FAR, FAR)
        x, weights = low + np.exp(u), np.exp(u) * spread * slope * (abs(u) < FAR)
    else:
        u = np.clip(center + spread * s, -FAR, FAR)
        x = low + (high - low) / (1 + np.exp(-u))
        weights = (high - low) * spread * slope / (2 * np.cosh(u / 2)) ** 2
        weights = weights * (abs(u) < FAR)
    x = x.astype(np.float32)
    kept = support.contains(x)
    # Outside after rounding: moved to the end, where they count nothing.
    ends = np.array([low, high], np.float32)
    inner = np.where(support.contains(ends), ends, np.nextafter(ends, ends[::-1]))
    if not free:
        x = np.clip(x, *inner)
    return x, weights * kept


def edges(support: Support) -> np.ndarray:
    """Numbers [V] of a support that lie at its ends."""
    if support.is_discrete:
        values = levels(support, 64)
        far = np.array([1e3, 1e6], np.float32)
        far = far[support.contains(far)]
        return np.concatenate([np.unique(values[[0, 1, -1]]), far])
    low, high = interval(support)
    ends = np.array([max(low, -1e4), max(low, 0.0), min(high, 1.0), min(high, 1e4)])
    finite = [end for end in (low, high) if not math.isinf(end)]
    near = [end + shift for end in finite for shift in (-1e-6, 1e-6)]
    values = np.unique(np.concatenate([ends, near])).astype(np.float32)
    return values[support.contains(values)]
