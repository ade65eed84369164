from scipy import special, stats

from tests.likelihoods.twin import Case, softplus
from vaex.likelihoods.beta_binomial import BetaBinomial


def beta_binomial(raw):
    share, c = special.expit(raw[0]), 0.1 + softplus(raw[1])
    return stats.betabinom(7, c * share, c * (1 - share))


CASES = [
    Case(
        BetaBinomial(total_count=7),
        lambda raw, x: beta_binomial(raw).logpmf(x),
        (0, 1, 7),
        moments={
            "mean": lambda raw: beta_binomial(raw).mean(),
            "variance": lambda raw: beta_binomial(raw).var(),
        },
    )
]
REFUSED = [
    (BetaBinomial, {"total_count": 0}),
    (BetaBinomial, {"min_concentration": 0.0}),
]
