"""The beta-VAE metric: which factor did two examples share?

N examples, L latent, F factors.
"""

import numpy as np

from vaex.metrics._fixed_factor import Groups
from vaex.metrics._inputs import check_at_least, represented, varying


def beta_vae_score(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    seed: int = 0,
    votes: int = 1000,
    pairs: int = 64,
) -> float:
    """Accuracy of a linear classifier that names the factor that pairs agree in.

    A vote is made of a factor, drawn at random, and of pairs of examples that agree in
    it, each in a value of its own; it is the mean over the pairs of |z1 - z2|. Logistic
    regression learns the factor from the votes, and is scored on half as many others.

    Args:
      codes: [N, L] of the examples, the posterior's means as a rule.
      factors: [N, F] integers; examples are drawn from these rows with replacement, so
        that they stand for the generative process: give the full grid of factors, or a
        random part of it.
      seed: of the draws.
      votes: that are learned from.
      pairs: of a vote.

    Returns:
      From 1 / F in expectation (chance) to 1.

    Raises:
      InputError: if codes and factors do not fit, or no two examples share a value.

    Hazards: it is 1 where F - 1 of the factors have a code of their own and the last
      has none, as none being small gives it away (Kim and Mnih 2018). Codes that do not
      vary are left out; a code that varies a little counts as any other.

    Differs from disentanglement_lib: codes have one standard deviation, so that the
      score does not depend on their scales (there the classifier's penalty makes it do
      so).

    Source: Higgins, Matthey, Pal, Burgess, Glorot, Botvinick, Mohamed, Lerchner,
      "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational
      Framework", ICLR 2017, https://openreview.net/forum?id=Sy2fzU9gl

    >>> factors = np.indices((3, 4)).reshape(2, -1).T
    >>> beta_vae_score(-2.0 * factors[:, ::-1], factors, votes=100)
    1.0
    """
    codes, factors, _ = represented(codes, factors)
    check_at_least("votes", votes, 10)
    check_at_least("pairs", pairs, 1)
    from sklearn.linear_model import LogisticRegression

    deviation, varies = codes.std(0), varying(codes)
    if factors.shape[1] < 2 or not varies.any():
        return 1.0 / factors.shape[1]
    codes = codes[:, varies] / deviation[varies]
    groups, random = Groups(factors), np.random.default_rng(seed)
    total = votes + votes // 2
    fixed = random.integers(0, factors.shape[1], total)
    inputs = np.empty((total, codes.shape[1]))
    for factor in range(factors.shape[1]):
        of_factor = np.flatnonzero(fixed == factor)
        first = groups.any_rows(random, factor, (len(of_factor), pairs))
        shared = groups.value_of(first, factor).reshape(-1)
        second = groups.alike(random, factor, shared, 1).reshape(first.shape)
        inputs[of_factor] = np.abs(codes[first] - codes[second]).mean(1)
    model = LogisticRegression(C=100.0, max_iter=2000)
    model.fit(inputs[:votes], fixed[:votes])
    return float(np.mean(model.predict(inputs[votes:]) == fixed[votes:]))
