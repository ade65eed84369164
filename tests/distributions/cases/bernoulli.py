from scipy import stats
from scipy.special import expit

from tests.distributions.case import Case

CASE = Case(
    parameters={"logits": [-5.0, -0.5, 0.0, 3.0]},
    extremes={"logits": [-1e4, 0.0, 1e4]},
    values=[0, 1],
    log_prob=lambda x, logits: stats.bernoulli(expit(logits)).logpmf(x),
)
