from tests.likelihoods.twin import Case
from vaex.likelihoods.mean_squared_error import MeanSquaredError

CASES = [Case(MeanSquaredError(), lambda raw, x: -((x - raw[0]) ** 2), (-1.0, 0.2))]
