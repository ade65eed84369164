from scipy import stats

from tests.likelihoods.twin import Case
from vaex.likelihoods.fixed_scale_gaussian import FixedScaleGaussian

CASES = [
    Case(
        FixedScaleGaussian(scale=0.5),
        lambda raw, x: stats.norm(raw[0], 0.5).logpdf(x),
        (-1.0, 0.2),
    )
]
REFUSED = [
    (FixedScaleGaussian, {"scale": 0.0}),
    (FixedScaleGaussian, {"scale": float("nan")}),
]
