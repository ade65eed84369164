import numpy as np
from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.dice_loss import DiceLoss


def score(raw, x, mask=None):
    seen = np.ones(x.shape, bool) if mask is None else mask
    p, x = special.expit(raw[..., 0])[seen], x[seen]
    return (2 * (p @ x) + 0.5) / (p.sum() + x.sum() + 0.5) - 1


CASES = [
    Case(
        DiceLoss((2, 2), smooth=0.5),
        score,
        (np.eye(2), np.zeros((2, 2)), np.ones((2, 2))),
        masks=(np.array([[True, False], [True, True]]),),
    )
]
REFUSED = [(DiceLoss, {"smooth": 0.0})]
