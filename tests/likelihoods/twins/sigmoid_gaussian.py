import numpy as np
from scipy import special, stats

from tests.likelihoods.twin import Case
from vaex.likelihoods.sigmoid_gaussian import SigmoidGaussian


def gaussian(raw):
    return stats.norm(special.expit(raw[0]), np.sqrt(0.01**2 + np.exp(raw[1])))


CASES = [
    Case(
        SigmoidGaussian(min_scale=0.01),
        lambda raw, x: gaussian(raw).logpdf(x),
        (0.0, 0.3, 1.5),
        moments={
            "mean": lambda raw: gaussian(raw).mean(),
            "variance": lambda raw: gaussian(raw).var(),
            "entropy": lambda raw: gaussian(raw).entropy(),
        },
    )
]
REFUSED = [(SigmoidGaussian, {"min_scale": 0.0})]
