import itertools

import numpy as np

from tests.likelihoods.twin import Case
from vaex.likelihoods.pairwise_mean_squared_error import PairwiseMeanSquaredError


def score(raw, x, mask=None):
    seen = np.ones(x.shape, bool) if mask is None else mask
    pairs = itertools.combinations(zip(x[seen], raw[..., 0][seen], strict=True), 2)
    squares = [((a - b) - (f - g)) ** 2 for (a, f), (b, g) in pairs]
    return -np.mean(squares) if squares else 0.0


RANDOM = np.random.default_rng(0)
CASES = [
    Case(
        PairwiseMeanSquaredError((2, 3)),
        score,
        RANDOM.normal(size=(2, 2, 3)),
        masks=(np.arange(6).reshape(2, 3) % 2 == 0, np.arange(6).reshape(2, 3) == 1),
    )
]
