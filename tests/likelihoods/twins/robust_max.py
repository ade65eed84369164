import numpy as np
from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.robust_max import RobustMax

EPSILON = 0.01


def log_mass(raw, x):
    """The integral over the largest score on a fine grid."""
    scores = stats.norm(raw[:3, None], 1.0 + softplus(raw[3:, None]))
    f = np.linspace(-60.0, 60.0, 20_001)
    below, density = scores.cdf(f), scores.pdf(f)
    own = int(x)
    others = np.prod(np.delete(below, own, axis=0), axis=0)
    share = np.trapezoid(density[own] * others, f)
    return np.log(share * (1 - EPSILON) + (1 - share) * EPSILON / 2)


CASES = [
    Case(
        RobustMax(num_classes=3, epsilon=EPSILON, num_points=100, min_scale=1.0),
        log_mass,
        (0, 1, 2),
    )
]
REFUSED = [
    (RobustMax, {"num_classes": 1}),
    (RobustMax, {"epsilon": 0.0}),
    (RobustMax, {"epsilon": 1.0}),
    (RobustMax, {"num_points": 0}),
]
