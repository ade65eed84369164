import numpy as np
from scipy import special, stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.discretized_logistic_mixture import DiscretizedLogisticMixture

LEVELS, COMPONENTS, CHANNELS = 5, 2, 3
HALF = (LEVELS - 1) / 2


def mass(x, loc, scale):
    """Of a logistic in units of [-1, 1], the ends saturated."""
    y, step = x / HALF - 1, 1 / (LEVELS - 1)
    twin = stats.logistic(loc, scale)
    upper = 1.0 if x == LEVELS - 1 else twin.cdf(y + step)
    return upper - (0.0 if x == 0 else twin.cdf(y - step))


def scale_of(raw):
    return 0.05 / HALF + softplus(raw)


def by_element(raw, x):
    weights, loc, scale = special.softmax(raw[:2]), raw[2:4], scale_of(raw[4:])
    return np.log(sum(weights[k] * mass(x, loc[k], scale[k]) for k in range(2)))


def by_pixel(raw, x):
    """raw [1, 1, P], x [1, 1, 3] -> [1, 1]."""
    raw, x = raw[0, 0], x[0, 0]
    weights = special.softmax(raw[:COMPONENTS])
    loc, scale, r = np.split(raw[COMPONENTS:], [6, 12])
    loc, scale, r = (v.reshape(COMPONENTS, CHANNELS) for v in (loc, scale, r))
    y, total = x / HALF - 1, 0.0
    for k in range(COMPONENTS):
        a, b, c = np.tanh(r[k])
        where = [
            loc[k, 0],
            loc[k, 1] + a * y[0],
            loc[k, 2] + b * y[0] + c * y[1],
        ]
        factors = [mass(x[i], where[i], scale_of(scale[k, i])) for i in range(CHANNELS)]
        total += weights[k] * np.prod(factors)
    return np.log([[total]])


def mean(raw):
    levels = np.arange(LEVELS)
    return sum(x * np.exp(by_element(raw, x)) for x in levels)


CASES = [
    Case(
        DiscretizedLogisticMixture(num_classes=LEVELS, num_components=COMPONENTS),
        by_element,
        (0, 2, 4),
        moments={"mean": mean},
    ),
    Case(
        DiscretizedLogisticMixture(
            event_shape=(1, 1, CHANNELS),
            num_classes=LEVELS,
            num_components=COMPONENTS,
        ),
        by_pixel,
        np.array([[0, 2, 4], [1, 1, 3], [4, 0, 0], [4, 4, 4]])[:, None, None],
    ),
]
REFUSED = [
    (DiscretizedLogisticMixture, {"num_classes": 1}),
    (DiscretizedLogisticMixture, {"num_components": 0}),
]
