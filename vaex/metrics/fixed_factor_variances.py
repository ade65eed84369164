"""The FactorVAE metric: which code stands still when a factor does?

N examples, L latent, F factors.
"""

import numpy as np

from vaex.metrics._fixed_factor import Groups
from vaex.metrics._inputs import check_at_least, represented, varying


def factor_vae_score(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    seed: int = 0,
    votes: int = 800,
    rows: int = 64,
) -> float:
    """Accuracy of the majority vote that names a factor by the code that varies least.

    A vote is made of a factor and one of its values, drawn at random, and of examples
    that have it; it is the code whose variance over these, as a share of its variance
    over all, is least. Each code stands for the factor that it is most often voted for
    under, and is scored on half as many other votes.

    Args:
      codes: [N, L] of the examples, the posterior's means as a rule.
      factors: [N, F] integers; examples are drawn from these rows with replacement.
      seed: of the draws.
      votes: that the majority is taken of.
      rows: examples of a vote.

    Returns:
      From about 1 / F (chance, where no code tells the factors apart) to 1.

    Raises:
      InputError: if codes and factors do not fit, or no two examples share a value.

    Hazards: codes that do not vary are left out; those that hardly do (collapsed
      dimensions) are for the caller to leave out, as their scale is not known here.

    Differs from the paper: the classifier is scored on votes of its own (the paper
      reports the training error of the majority vote); so does disentanglement_lib.

    Source: Kim, Mnih, "Disentangling by Factorising", ICML 2018,
      https://arxiv.org/abs/1802.05983

    >>> factors = np.indices((3, 4)).reshape(2, -1).T
    >>> factor_vae_score(-2.0 * factors[:, ::-1], factors, votes=100)
    1.0
    """
    codes, factors, _ = represented(codes, factors)
    check_at_least("votes", votes, 10)
    check_at_least("rows", rows, 2)
    deviation, varies = codes.std(0), varying(codes)
    count = factors.shape[1]
    if count < 2 or not varies.any():
        return 1.0 / count
    codes = codes[:, varies] / deviation[varies]
    groups, random = Groups(factors), np.random.default_rng(seed)
    total = votes + votes // 2
    fixed = random.integers(0, count, total)
    still = np.empty(total, int)
    for factor in range(count):
        of_factor = np.flatnonzero(fixed == factor)
        value = groups.value_of(
            groups.any_rows(random, factor, of_factor.shape), factor
        )
        chosen = groups.alike(random, factor, value, rows)
        still[of_factor] = codes[chosen].var(1).argmin(1)
    table = np.zeros((codes.shape[1], count))
    np.add.at(table, (still[:votes], fixed[:votes]), 1)
    return float((table.argmax(1)[still[votes:]] == fixed[votes:]).mean())
