import numpy as np
from scipy import special, stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.logit_normal import LogitNormal


def log_density(raw, x):
    twin = stats.norm(raw[0], 0.1 + softplus(raw[1]))
    return twin.logpdf(special.logit(x)) - np.log(x) - np.log1p(-x)


CASES = [Case(LogitNormal(min_scale=0.1), log_density, (1e-3, 0.2, 0.75))]
