import numpy as np
from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.continuous_bernoulli import ContinuousBernoulli


def log_density(raw, x):
    """C(lambda) lambda^x (1 - lambda)^(1 - x), as the paper has it."""
    share = special.expit(raw[0])
    constant = 2 * np.arctanh(1 - 2 * share) / (1 - 2 * share)
    return np.log(constant) + x * np.log(share) + (1 - x) * np.log1p(-share)


CASES = [Case(ContinuousBernoulli(), log_density, (0.0, 0.3, 1.0))]
