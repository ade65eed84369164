from scipy import stats

from tests.likelihoods.twin import Case
from vaex.likelihoods.optimal_sigma_gaussian import OptimalSigmaGaussian

CASES = [
    Case(
        OptimalSigmaGaussian(),
        lambda raw, x: stats.norm(raw[0], 2.0).logpdf(x),
        (-1.0, 0.2),
        collections={"calibration": {"variance": 4.0}},
    )
]
