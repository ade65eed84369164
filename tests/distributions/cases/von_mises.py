import mpmath
import numpy as np
from scipy import special, stats

from tests.distributions.case import PI, Case, circle


def exact(x, loc, concentration):
    k = concentration
    log_i0 = mpmath.log(mpmath.besseli(0, k))
    return k * mpmath.cos(x - loc) - mpmath.log(2 * mpmath.pi) - log_i0


def log_prob(x, loc, concentration):
    return stats.vonmises(np.maximum(concentration, 1e-12), loc).logpdf(x)


def cdf(x, loc, concentration):
    if concentration == 0.0:
        return (x + np.pi) / (2 * np.pi)
    turn = 2 * np.pi * np.round(loc / (2 * np.pi))
    twin = stats.vonmises(concentration, loc - turn)
    return twin.cdf(x) - twin.cdf(-np.pi)


def direction(loc, concentration):
    return loc - 2 * np.pi * np.round(loc / (2 * np.pi))


CASE = Case(
    parameters={
        "loc": [0.0, 1.0, 10.0, 3.1, -2.0, 0.5],
        "concentration": [0.0, 0.1, 1.0, 4.0, 30.0, 500.0],
    },
    extremes={
        "loc": [0.0, 1e4, -1e4, 0.0, 3.0],
        "concentration": [0.0, 1e-6, 1.0, 1e4, 1e6],
    },
    support=circle,
    edges=[-PI, 0.0, PI],
    log_prob=log_prob,
    cdf=cdf,
    mean=direction,
    variance=lambda loc, concentration: (
        1 - special.i1e(concentration) / special.i0e(concentration)
    ),
    exact=exact,
    large={
        "loc": [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0],
        "concentration": [0.0, 24.9, 25.1, 60.0, 1e4, 1e4, 1e6, 1e6, 1e8],
        "value": [2.0, 0.3, 1.2, 3.0, 0.01, 1.5, 2e-3, 2.001, 1e-4],
    },
)
