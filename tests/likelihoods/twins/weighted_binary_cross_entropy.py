import numpy as np
from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.weighted_binary_cross_entropy import WeightedBinaryCrossEntropy

WEIGHTS = (1.0, 0.0, 2.5)


def score(raw, x):
    share = special.expit(raw[..., 0])
    loss = 3.0 * x * np.log(share) + (1 - x) * np.log1p(-share)
    return np.array(WEIGHTS) * loss


CASES = [
    Case(
        WeightedBinaryCrossEntropy(
            (2, 3), positive_weight=3.0, element_weights=WEIGHTS
        ),
        score,
        (np.eye(2, 3), np.ones((2, 3))),
    )
]
REFUSED = [
    (WeightedBinaryCrossEntropy, {"positive_weight": 0.0}),
    (WeightedBinaryCrossEntropy, {"positive_weight": float("inf")}),
    (WeightedBinaryCrossEntropy, {"element_weights": (1.0, -2.0), "event_shape": (2,)}),
]
