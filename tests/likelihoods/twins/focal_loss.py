import numpy as np
from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.focal_loss import FocalLoss


def focal(gamma, alpha):
    def score(raw, x):
        p = special.expit(raw[0])
        p_t = p if x == 1 else 1 - p
        weight = 1.0 if alpha is None else (alpha if x == 1 else 1 - alpha)
        return weight * (1 - p_t) ** gamma * np.log(p_t)

    return score


CASES = [
    Case(FocalLoss(), focal(2.0, None), (0, 1)),
    Case(FocalLoss(gamma=0.5, alpha=0.25), focal(0.5, 0.25), (0, 1)),
    Case(FocalLoss(gamma=0.0), focal(0.0, None), (0, 1)),
]
REFUSED = [
    (FocalLoss, {"gamma": -1.0}),
    (FocalLoss, {"alpha": 1.5}),
]
