import mpmath
import numpy as np

from tests.distributions.case import Case


def exact(x, log_mean, log_dispersion):
    m, r = mpmath.exp(log_mean), mpmath.exp(log_dispersion)
    ways = mpmath.loggamma(x + r) - mpmath.loggamma(r) - mpmath.loggamma(x + 1)
    return ways - r * mpmath.log1p(m / r) - x * mpmath.log1p(r / m)


def log_prob(x, log_mean, log_dispersion):
    # scipy's nbinom is wrong at r = 1e8.
    with mpmath.workdps(50):
        twin = np.frompyfunc(lambda *args: exact(*map(mpmath.mpf, args)), 3, 1)
        return twin(x, log_mean, log_dispersion).astype(np.float64)


MEANS = [5.0, 5.0, 5.0, 5.0, 1e3, 1e3, 1e6, 1e6, 1e6, 1e6, 1e6, 1e-8, 3.0, 20.0, 5e4]
RS = [1e6, 1e8, 1e12, 1e8, 1e-3, 1e8, 1.0, 1e-6, 1e4, 1e6, 1e8, 1e-8, 1.99, 2.01, 3e3]
COUNTS = [4, 4, 0, 90, 500, 1050, 2e6, 10, 1.02e6, 998000, 1.001e6, 1, 0, 13, 50100]

CASE = Case(
    parameters={
        "log_mean": [-3.0, 0.5, 1.0, 2.0, 1.5, 0.0],
        "log_dispersion": [0.0, 0.3, 1.5, 2.0, 18.0, 70.0],
    },
    extremes={
        "log_mean": [-1e4, -1e4, -1e4, 0.0, 0.0, 1e4, 1e4, 3.0],
        "log_dispersion": [-1e4, 0.0, 1e4, -1e4, 1e4, -1e4, 0.0, 0.5],
    },
    values=list(range(400)),
    log_prob=log_prob,
    exact=exact,
    large={
        "log_mean": [*np.log(MEANS), -1e4, 50.0, -1e4, 0.0],
        "log_dispersion": [*np.log(RS), -1e4, 0.5, 2.0, -1e4],
        "value": [*COUNTS, 3, 5, 2, 4],
    },
    tolerance=1e-6,
)
