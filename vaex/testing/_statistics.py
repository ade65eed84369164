"""Do draws follow a distribution? Tests at a level that many comparisons share."""

import numpy as np
from scipy import special, stats

# Probability that a right head fails one property; keys are fixed, so that a head
# that passes once passes always.
LEVEL = 1e-6


def furthest(
    samples: np.ndarray, expected: np.ndarray, spread: np.ndarray | None = None
) -> tuple[float, float]:
    """Largest |mean - expected| in standard errors over [N, ...], and the limit.

    NaN in `expected` are left out. `spread` is the standard deviation where it is
    known: that of the samples says nothing of what is too rare to be among them.
    """
    samples = np.asarray(samples, np.float64)
    expected = np.asarray(expected, np.float64)
    found = samples.std(0, ddof=1)
    error = (found if spread is None else np.fmax(found, spread)) / len(samples) ** 0.5
    # Rounding of float32 values, where a sample has next to no spread.
    slack = 1e-6 * (1 + abs(expected))
    z = abs(samples.mean(0) - expected) / (error + slack)
    count = max(int(np.isfinite(expected).sum()), 1)
    return float(np.nanmax(z, initial=0.0)), float(-special.ndtri(LEVEL / 2 / count))


def least_uniform(u: np.ndarray) -> float:
    """Kolmogorov-Smirnov p-value, Bonferroni over [N, parts] and the pooled numbers."""
    columns = [*u.T, u.ravel()]
    p = min(
        stats.kstest(column, "uniform", method="asymp").pvalue for column in columns
    )
    return min(1.0, float(p) * len(columns))


def least_fitting(counts: np.ndarray, probabilities: np.ndarray) -> float:
    """Chi-squared p-value, Bonferroni over parts and their sum.

    Args:
      counts: [V, parts].
      probabilities: [V, parts]; outcomes of which fewer than 10 are expected are
        taken together, left out where still fewer.
    """
    expected = counts.sum(0) * probabilities
    common = expected >= 10
    rest = np.where(common, 0.0, expected).sum(0), np.where(common, 0, counts).sum(0)
    terms = np.where(common, (counts - expected) ** 2 / np.maximum(expected, 10), 0.0)
    total, degrees = terms.sum(0), common.sum(0) - 1.0
    pooled = rest[0] >= 10
    total += np.where(pooled, (rest[1] - rest[0]) ** 2 / np.maximum(rest[0], 10), 0.0)
    degrees += pooled
    total, degrees = np.append(total, total.sum()), np.append(degrees, degrees.sum())
    tested = degrees > 0
    p = special.chdtrc(np.maximum(degrees, 1), total)[tested]
    # Outcomes that should next to never come: Poisson.
    rare = special.gammainc(np.maximum(rest[1], 1), np.maximum(rest[0], 1e-300))
    p = np.append(p, np.where(pooled | (rest[1] == 0), 1.0, rare))
    return min(1.0, float(p.min()) * len(p))
