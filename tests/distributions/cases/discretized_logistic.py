import numpy as np
from scipy import stats

from tests.distributions.case import Case


def log_prob(x, loc, scale):
    twin = stats.logistic(loc, scale)
    lower = np.where(x == 0, -np.inf, x - 0.5)
    upper = np.where(x == 4, np.inf, x + 0.5)
    # Whichever tail is the smaller, so that the difference does not cancel.
    right = np.log(np.maximum(twin.sf(lower) - twin.sf(upper), 1e-300))
    left = np.log(np.maximum(twin.cdf(upper) - twin.cdf(lower), 1e-300))
    return np.where(x > loc, right, left)


CASE = Case(
    parameters={"loc": [-3.0, 1.2, 2.5, 6.0], "scale": [1.0, 0.1, 20.0, 0.5]},
    extremes={"loc": [-1e4, 1e4, 2.0, 2.0], "scale": [0.05, 1.0, 1e-3, 1e4]},
    static={"num_classes": 5},
    values=[0, 1, 2, 3, 4],
    log_prob=log_prob,
)
