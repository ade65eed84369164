from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.shared_scale_gaussian import SharedScaleGaussian

CASES = [
    Case(
        SharedScaleGaussian(),
        lambda raw, x: stats.norm(raw[0], 1e-3 + softplus(0.7)).logpdf(x),
        (-1.0, 0.2),
        params={"raw_scale": 0.7},
    )
]
