import numpy as np
from scipy import special

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.ordinal import Ordinal

RAW = np.array([-1.0, 0.3, -3.0])
THRESHOLDS = np.cumsum([RAW[0], *(1e-3 + softplus(RAW[1:]))])


def log_mass(raw, x):
    below = special.expit(np.array([-np.inf, *THRESHOLDS, np.inf]) - raw[0])
    return np.log(np.diff(below)[int(x)])


CASES = [
    Case(Ordinal(num_classes=4), log_mass, range(4), params={"raw_thresholds": RAW})
]
REFUSED = [(Ordinal, {"num_classes": 1})]
