import numpy as np
from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.one_hot_categorical import OneHotCategorical


def probabilities(raw):
    return special.softmax(raw[..., 0], axis=-1)


CASES = [
    Case(
        OneHotCategorical(event_shape=(2, 3)),
        lambda raw, x: (special.log_softmax(raw[..., 0], axis=-1) * x).sum(-1),
        (np.eye(3)[[0, 2]], np.eye(3)[[1, 1]]),
        moments={
            "mean": probabilities,
            "mode": lambda raw: np.eye(3)[raw[..., 0].argmax(-1)],
            "variance": lambda raw: probabilities(raw) * (1 - probabilities(raw)),
        },
    )
]
REFUSED = [(OneHotCategorical, {"event_shape": (4, 1)})]
