import numpy as np

from tests.likelihoods.twin import Case
from vaex.likelihoods.mean_absolute_error import MeanAbsoluteError

CASES = [
    Case(
        MeanAbsoluteError(),
        lambda raw, x: -np.abs(x - raw[0]),
        (-1.0, 0.2),
        moments={"mean": lambda raw: raw[0]},
    )
]
