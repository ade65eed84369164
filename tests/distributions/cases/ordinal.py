import jax.numpy as jnp
import mpmath
import numpy as np
from scipy.special import expit

from tests.distributions.case import Case
from vaex.distributions.ordinal import Ordinal


def build(first, gap, score):
    """Four classes: thresholds first, first + gap and first + 3 gap."""
    return Ordinal(jnp.stack([first, first + gap, first + 3 * gap], -1), score)


def log_prob(x, first, gap, score):
    cuts = [-np.inf, first, first + gap, first + 3 * gap, np.inf]
    bounds = np.stack(np.broadcast_arrays(*cuts)) - score
    # By the smaller of the two tails, so that the difference does not cancel.
    lower, upper = bounds[:-1], bounds[1:]
    left, right = expit(upper) - expit(lower), expit(-lower) - expit(-upper)
    return np.log(np.where(lower + upper > 0, right, left))[x[:, 0].astype(int)]


def exact(x, first, gap, score):
    cuts = [-mpmath.inf, first, first + gap, first + 3 * gap, mpmath.inf]
    lower, upper = (cut - score for cut in cuts[int(x) : int(x) + 2])
    return mpmath.log(1 / (1 + mpmath.exp(-upper)) - 1 / (1 + mpmath.exp(-lower)))


CASE = Case(
    parameters={
        "first": [0.0, -2.0, -1.0, 1.0, -3.0],
        "gap": [1.0, 0.5, 2.0, 0.25, 1.5],
        "score": [0.0, 1.0, -0.5, 2.0, 0.5],
    },
    extremes={
        "first": [0.0, 0.0, 1e4, -1e4, 0.0],
        "gap": [1.0, 1e-6, 1.0, 1e4, 1e4],
        "score": [1e4, -1e4, 0.0, 0.0, 1e4],
    },
    build=build,
    values=[0, 1, 2, 3],
    log_prob=log_prob,
    exact=exact,
    # Powers of 2, so that the thresholds are exact in float32.
    large={
        "first": [0.0, 0.0, 0.0, 8.0, 8.0],
        "gap": [2.0**-10, 1.0, 2.0**-20, 64.0, 64.0],
        "score": [40.0, -30.0, 0.5, 0.0, 100.0],
        "value": [1.0, 2.0, 2.0, 0.0, 0.0],
    },
    is_rectangular=False,
)
