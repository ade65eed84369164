"""Pareto k-hat: whether an average of importance weights can be trusted.

N examples, M weights of the tail, K weights in all.
"""

import math

import numpy as np

FEWEST = 5
"""Weights of a tail that the fit wants."""

RELIABLE = 0.7
"""k-hat above which no practical number of samples gives a reliable average."""

LEAST = 1e-300
"""What stands for a quartile that is 0."""

EQUAL = 1e-4
"""Nats between the ends of a tail below which it is float32's rounding alone."""


def tail_size(num_samples: int) -> int:
    """M = min(K / 5, 3 sqrt(K)), rounded up: how many of K weights are the tail.

    >>> tail_size(128), tail_size(5000)
    (26, 213)
    """
    return math.ceil(min(num_samples / 5, 3 * math.sqrt(num_samples)))


def reliable_below(num_samples: int) -> float:
    """min(1 - 1 / log10 K, 0.7): k-hat that K samples suffice for.

    >>> round(reliable_below(128), 2), reliable_below(5000)
    (0.53, 0.7)
    """
    return min(1 - 1 / math.log10(num_samples), RELIABLE)


def pareto_k(largest: np.ndarray) -> np.ndarray:
    """Shape k of a generalised Pareto distribution fitted to the tail of weights.

    P(w - u > y) = (1 + k y / sigma)^(-1/k) for weights beyond u, the largest one that
    is not in the tail. Weights have 1 / k finite moments: their average converges for
    k < 1, with a variance for k < 1/2; k < 0 is a tail with an end. The fit is
    shrunk towards 1/2 as by ten more weights, (M k + 5) / (M + 10).

    Args:
      largest: [N, M + 1] nats, the M + 1 largest log-weights of each example, in any
        order.

    Returns:
      [N] k-hat; 0 where the tail's weights are equal up to the rounding of float32,
      where there is no tail to fit; NaN where a log-weight is not finite.

    Raises:
      ValueError: if M is below 5.

    Source: Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto Smoothed Importance Sampling",
      JMLR 25, 2024, https://jmlr.org/papers/v25/19-556.html.

    >>> quantiles = (np.arange(200) + 0.5) / 200
    >>> heavy = -0.9 * np.log(1 - quantiles)[None]  # weights of tail index k = 0.9
    >>> bool(0.7 < pareto_k(heavy)[0] < 1.0)
    True
    """
    return fit_tails(np.sort(np.asarray(largest, np.float64), axis=1))[0]


def fit_tails(ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """K-hat as `pareto_k` has it, and the scale that was fitted with it.

    Args:
      ordered: [N, M + 1] nats, float64, the largest log-weights, ascending.

    Returns:
      k [N], and sigma [N] in units of the largest weight; sigma is NaN where there is
      no tail to fit.

    Raises:
      ValueError: if M is below 5.

    >>> k, sigma = fit_tails(np.zeros((1, 6)))
    >>> k.tolist(), sigma.tolist()
    ([0.0], [nan])
    """
    size = ordered.shape[1] - 1
    if size < FEWEST:
        raise ValueError(
            f"largest must hold at least {FEWEST + 1} log-weights of each example, got "
            f"{size + 1}; draw 25 samples or more"
        )
    found, scale = np.full((2, len(ordered)), np.nan)
    is_finite = np.isfinite(ordered).all(1)
    with np.errstate(invalid="ignore"):  # rows of -inf
        is_flat = is_finite & (np.ptp(ordered, axis=1) < EQUAL)
    found[is_flat] = 0.0
    rest = np.flatnonzero(is_finite & ~is_flat)
    for rows in np.array_split(rest, -(-len(rest) // 256)) if len(rest) else ():
        tails = np.exp(ordered[rows] - ordered[rows, -1:])
        k, scale[rows] = fit_generalised_pareto(tails[:, 1:] - tails[:, :1])
        found[rows] = (size * k + 5) / (size + 10)
    return found, scale


def fit_generalised_pareto(exceedances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shape k and scale sigma of generalised Pareto distributions, by quasi-Bayes.

    The mean of b = k / sigma under a prior on a grid that the data place, weighed by
    the likelihood in which k is at its best for each b.

    Args:
      exceedances: [N, M], not negative, ascending along M.

    Returns:
      k [N], positive for heavy tails, and sigma [N].

    Numerics: draws that are 0 (rounding) take part; the scale of the data does not
      matter as long as their first quartile is above 0, for which 1e-300 stands
      otherwise: k is then large, as it should be where one weight is all.

    Source: Zhang, Stephens, "A New and Efficient Estimation Method for the Generalized
      Pareto Distribution", Technometrics 51, 2009,
      https://doi.org/10.1198/tech.2009.08017 (there k has the opposite sign).
    """
    x = np.asarray(exceedances, np.float64)
    size = x.shape[1]
    grid = 30 + math.floor(math.sqrt(size))
    quartile = np.maximum(x[:, math.floor(size / 4 + 0.5) - 1], LEAST)
    steps = 1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))
    # [N, grid]: b < 1 / max(x) in the paper's sign.
    b = 1 / x[:, -1:] + steps / (3 * quartile[:, None])
    k = np.log1p(-b[:, :, None] * x[:, None, :]).mean(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        profile = size * (np.log(-b / k) - k - 1)
    profile = np.where(np.isnan(profile), -np.inf, profile)
    weights = np.exp(profile - profile.max(1, keepdims=True))
    mean = (weights * b).sum(1) / weights.sum(1)
    shape = np.log1p(-mean[:, None] * x).mean(1)
    return shape, -shape / mean
