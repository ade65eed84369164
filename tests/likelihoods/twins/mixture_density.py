import numpy as np
from scipy import special, stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.likelihoods.categorical import Categorical
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.likelihoods.mixture_density import MixtureDensity
from vaex.likelihoods.one_hot_categorical import OneHotCategorical
from vaex.likelihoods.optimal_sigma_gaussian import OptimalSigmaGaussian
from vaex.likelihoods.per_dimension_scale_gaussian import PerDimensionScaleGaussian

RAW_SCALE = np.array([0.7, -1.0])


def normals(raw):
    """Weights and the three components."""
    rest = raw[3:].reshape(3, 2)
    return special.softmax(raw[:3]), stats.norm(rest[:, 0], 0.05 + softplus(rest[:, 1]))


def log_density(raw, x):
    weights, components = normals(raw)
    return special.logsumexp(components.logpdf(x) + np.log(weights))


def variance(raw):
    weights, components = normals(raw)
    second = components.var() + components.mean() ** 2
    return weights @ second - (weights @ components.mean()) ** 2


def with_shared_scales(raw, x):
    """[2] elements of two components, one scale for each element."""
    weights = special.softmax(raw[:, :2], axis=-1)
    scale = 1e-3 + softplus(RAW_SCALE)
    density = stats.norm(raw[:, 2:], scale[:, None]).pdf(x[:, None])
    return np.log((weights * density).sum(-1))


def of_bits(raw, x):
    share = special.softmax(raw[:2]) @ special.expit(raw[2:])
    return np.log(share if x else 1 - share)


def of_labels(raw, x):
    labels = special.softmax(raw[2:].reshape(2, 3), axis=-1)
    return np.log(special.softmax(raw[:2]) @ labels[:, int(x)])


CASES = [
    Case(
        MixtureDensity(child=Gaussian(min_scale=0.05), num_components=3),
        log_density,
        (-1.0, 0.2, 4.0),
        moments={
            "mean": lambda raw: normals(raw)[0] @ normals(raw)[1].mean(),
            "variance": variance,
        },
    ),
    Case(
        MixtureDensity(
            event_shape=(2,), child=PerDimensionScaleGaussian(), num_components=2
        ),
        with_shared_scales,
        ((-1.0, 0.2), (0.5, 0.1)),
        params={"child": {"raw_scale": RAW_SCALE}},
    ),
    Case(MixtureDensity(child=Bernoulli(), num_components=2), of_bits, (0, 1)),
    Case(
        MixtureDensity(child=Categorical(num_classes=3), num_components=2),
        of_labels,
        (0, 1, 2),
    ),
]
REFUSED = [(MixtureDensity, {"num_components": 0})]
REFUSED_CHILDREN = [MeanSquaredError(), OneHotCategorical(), OptimalSigmaGaussian()]
