import numpy as np
from scipy import stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.per_dimension_scale_gaussian import PerDimensionScaleGaussian

RAW_SCALE = np.array([0.7, -2.0])

CASES = [
    Case(
        PerDimensionScaleGaussian(event_shape=(2,)),
        lambda raw, x: stats.norm(raw[:, 0], 1e-3 + softplus(RAW_SCALE)).logpdf(x),
        ((-1.0, 0.2), (0.3, 5.0)),
        params={"raw_scale": RAW_SCALE},
    )
]
