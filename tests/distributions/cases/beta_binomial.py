import mpmath
import numpy as np

from tests.distributions.case import Case


def exact(x, total_count, logits, log_concentration):
    n, c = total_count, mpmath.exp(log_concentration)
    a, b = c / (1 + mpmath.exp(-logits)), c / (1 + mpmath.exp(logits))
    gamma = mpmath.loggamma
    if x > n:
        return mpmath.ninf
    ways = gamma(n + 1) - gamma(x + 1) - gamma(n - x + 1)
    shapes = gamma(a + b) - gamma(a) - gamma(b)
    return ways + shapes + gamma(x + a) + gamma(n - x + b) - gamma(n + c)


def log_prob(x, total_count, logits, log_concentration):
    # scipy's betabinom is wrong at large concentrations.
    with mpmath.workdps(50):
        twin = np.frompyfunc(lambda *args: exact(*map(mpmath.mpf, args)), 4, 1)
        found = twin(x, total_count, logits, log_concentration)
    return found.astype(np.float64)


CASE = Case(
    parameters={
        "total_count": [1, 12, 12, 12, 9, 12, 12],
        "logits": [0.0, -2.0, 0.3, 1.0, 2.0, -0.5, 0.7],
        "log_concentration": [0.0, 1.0, 0.5, 3.0, 2.0, 18.0, -2.0],
    },
    extremes={
        "total_count": [12, 12, 12, 12, 1, 12, 12],
        "logits": [-1e4, 1e4, 0.0, 0.0, -1e4, 1e4, 1.0],
        "log_concentration": [0.0, 1e4, -1e4, 1e4, -1e4, -1e4, 0.3],
    },
    values=list(range(13)),
    log_prob=log_prob,
    exact=exact,
    large={
        "total_count": [1e2, 1e4, 1e4, 1e4, 1e6, 1e6, 1e6, 255, 255, 1e3, 1e6],
        "logits": [0.5, -1.0, -1.0, 2.0, 0.0, -3.0, 2.0, 60.0, -60.0, 0.3, 0.7],
        "log_concentration": [3.0, 5.0, 30.0, 15.0, 14.0, 20.0, 2.0, 1.0, 30.0, -5.0]
        + [55.0],
        "value": [60, 2500, 2700, 8800, 501000, 47400, 9e5, 250, 2, 400, 668000],
    },
    # n m is rounded with m, as for the binomial.
    tolerance=1e-5,
)
