from scipy import special

from tests.likelihoods.twin import Case
from vaex.likelihoods.categorical import Categorical

CASES = [
    Case(
        Categorical(num_classes=3),
        lambda raw, x: special.log_softmax(raw)[int(x)],
        (0, 1, 2),
    )
]
REFUSED = [(Categorical, {"num_classes": 1})]
