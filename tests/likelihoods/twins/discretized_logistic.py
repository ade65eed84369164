import numpy as np
from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.discretized_logistic import DiscretizedLogistic


def log_mass(raw, x):
    twin = stats.logistic(2 * (1 + raw[0]), 0.05 + 2 * softplus(raw[1]))
    upper = 1.0 if x == 4 else twin.cdf(x + 0.5)
    return np.log(upper - (0.0 if x == 0 else twin.cdf(x - 0.5)))


CASES = [Case(DiscretizedLogistic(num_classes=5), log_mass, (0, 2, 4))]
REFUSED = [(DiscretizedLogistic, {"num_classes": 1})]
