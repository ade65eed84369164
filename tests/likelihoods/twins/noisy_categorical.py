import numpy as np
from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.noisy_categorical import NoisyCategorical

RAW = np.array([[2.0, 0.0, -1.0], [0.3, 1.0, 0.0], [0.0, -4.0, 1.0]])
GIVEN = ((0.8, 0.2, 0.0), (0.0, 1.0, 0.0), (0.1, 0.4, 0.5))


def through(transition):
    """Bayes' rule written out: sum over the clean label."""

    def log_mass(raw, x):
        clean = special.softmax(raw)
        return np.log(sum(clean[t] * transition[t][int(x)] for t in range(3)))

    return log_mass


CASES = [
    Case(
        NoisyCategorical(num_classes=3),
        through(special.softmax(RAW, axis=1)),
        (0, 1, 2),
        params={"raw_transition": RAW},
    ),
    Case(NoisyCategorical(num_classes=3, transition=GIVEN), through(GIVEN), (0, 1, 2)),
]
REFUSED = [
    (NoisyCategorical, {"num_classes": 1}),
    (NoisyCategorical, {"diagonal": 1.0}),
    (NoisyCategorical, {"diagonal": 0.0}),
    (NoisyCategorical, {"transition": ((0.5, 0.5),)}),
    (NoisyCategorical, {"transition": ((0.5, 0.5), (1.0,))}),
    (NoisyCategorical, {"transition": ((0.5, 0.5), (1.1, -0.1))}),
    (NoisyCategorical, {"transition": ((0.5, 0.6), (0.5, 0.5))}),
    (NoisyCategorical, {"transition": ((1.0, 0.0), (1.0, 0.0))}),
]
