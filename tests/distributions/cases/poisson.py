import mpmath
import numpy as np
from scipy import stats

from tests.distributions.case import Case


def exact(x, log_rate):
    return x * log_rate - mpmath.exp(log_rate) - mpmath.loggamma(x + 1)


MEANS = [1e-3, 1.0, 3e2, 1e4, 1e6, 1e6, 1e6, 1e6]
COUNTS = [2, 0, 330, 1e4, 1e6, 1.003e6, 0.9e6, 0]

CASE = Case(
    parameters={"log_rate": [-4.0, -0.5, 0.0, 1.2, 2.2, 2.4, 3.5]},
    extremes={"log_rate": [-1e4, -80.0, 0.0, 80.0]},
    values=list(range(100)),
    log_prob=lambda x, log_rate: stats.poisson(np.exp(log_rate)).logpmf(x),
    exact=exact,
    large={"log_rate": [*np.log(MEANS), -1e4, 85.0], "value": [*COUNTS, 3, 5]},
    tolerance=2e-6,
)
