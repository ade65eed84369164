from scipy import stats
from scipy.special import expit

from tests.distributions.case import Case

CASE = Case(
    parameters={"total_count": [1, 12, 12, 9], "logits": [0.0, -4.0, 0.3, 2.0]},
    extremes={"total_count": [12, 12, 1], "logits": [-1e4, 1e4, 0.0]},
    values=list(range(13)),
    log_prob=lambda x, total_count, logits: stats.binom(
        total_count, expit(logits)
    ).logpmf(x),
)
