import numpy as np
from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.cross_entropy_dice_loss import CrossEntropyDiceLoss


def score(raw, x, mask=None):
    seen = np.ones(x.shape, bool) if mask is None else mask
    p, x = special.expit(raw[..., 0])[seen], x[seen]
    entropy = -(x * np.log(p) + (1 - x) * np.log(1 - p)).mean()
    dice = 1 - (2 * (p @ x) + 1) / (p.sum() + x.sum() + 1)
    return -(entropy + 0.3 * dice)


CASES = [
    Case(
        CrossEntropyDiceLoss((2, 2), dice_weight=0.3),
        score,
        (np.eye(2), np.zeros((2, 2)), np.ones((2, 2))),
        masks=(np.array([[True, False], [True, True]]),),
    )
]
REFUSED = [(CrossEntropyDiceLoss, {"dice_weight": -0.1})]
