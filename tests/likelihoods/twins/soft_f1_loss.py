import numpy as np
from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.soft_f1_loss import SoftF1Loss


def f1(p, x):
    """[K] of predictions and labels [n, K], by its three counts."""
    hits, false, missed = (p * x).sum(0), (p * (1 - x)).sum(0), ((1 - p) * x).sum(0)
    return 2 * hits / (2 * hits + false + missed)


# A batch of the twin's is a batch of one: the whole one is in test_soft_f1_loss.py.
CASES: list[Case] = []
REFUSED = [(SoftF1Loss, {"average": "micro"})]


def macro(raw, x):
    scores = f1(special.expit(raw), x)[x.any(0)]
    return 1 - scores.mean() if len(scores) else 0.0


def weighted(raw, x):
    ones = x.sum(0)
    scores = np.where(ones > 0, f1(special.expit(raw), x), 0.0)
    return 1 - (ones * scores).sum() / ones.sum()
