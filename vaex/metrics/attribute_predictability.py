"""SAP: how much better the best code predicts a factor than the next.

N examples, L latent, F factors.
"""

from collections.abc import Sequence

import numpy as np

from vaex.errors import InputError
from vaex.metrics._inputs import represented
from vaex.metrics.information_gap import gap_of


def separated_predictability(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    linear: Sequence[int] = (),
    seed: int = 0,
) -> float:
    """SAP: mean over factors of (score of the best code - score of the next).

    A factor is predicted from one code alone: by thresholds (a decision tree of as many
    leaves as the factor has values, values weighted alike), and its score is the
    balanced accuracy on a scale from 0 (chance) to 1; or by a line, and its score is
    R^2.

    Args:
      codes: [N, L] of the examples, the posterior's means as a rule.
      factors: [N, F] integers.
      linear: factors that are ordered and are predicted by a line.
      seed: of the half of the examples that is learned from; the other is scored.

    Returns:
      From 0 to 1.

    Raises:
      InputError: if codes and factors do not fit, or there are too few examples to hold
        every value of a factor in both halves.

    Differs from the paper: scores are of examples that were not learned from, and
      accuracies on a scale on which chance is 0 (there a perfect code has 1 - 1 /
      values). A score below 0 counts as 0.

    Source: Kumar, Sattigeri, Balakrishnan, "Variational Inference of Disentangled
      Latent Concepts from Unlabeled Observations", ICLR 2018,
      https://arxiv.org/abs/1711.00848

    >>> factors = np.tile(np.indices((3, 4)).reshape(2, -1).T, (9, 1))
    >>> separated_predictability(-2.0 * factors[:, ::-1], factors)
    1.0
    """
    codes, factors, sizes = represented(codes, factors)
    learned, scored = halves(factors, seed)
    scores = np.zeros((codes.shape[1], factors.shape[1]))
    for j, code in enumerate(codes.T):
        if np.ptp(code) == 0:
            continue
        for k, factor in enumerate(factors.T):
            parts = (code[learned], factor[learned], code[scored], factor[scored])
            scores[j, k] = _line(*parts) if k in linear else _tree(*parts, sizes[k])
    return float(gap_of(np.maximum(scores, 0.0), np.ones(factors.shape[1])).mean())


def halves(factors: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two random halves of the rows of factors [N, F], each with every value.

    Raises:
      InputError: if a value is missing in one of them.

    >>> [len(half) for half in halves(np.arange(40)[:, None] % 2, 0)]
    [20, 20]
    """
    order = np.random.default_rng(seed).permutation(len(factors))
    parts = np.split(order, [len(order) // 2])
    for number, column in enumerate(factors.T):
        counts = [len(np.unique(column[rows])) for rows in parts]
        if min(counts) < column.max() + 1:
            raise InputError(
                f"examples are too few to be halved: factor {number} has "
                f"{column.max() + 1} values, of which the halves hold {counts}; give "
                f"more than {len(factors)}"
            )
    return parts[0], parts[1]


def _line(
    code: np.ndarray, factor: np.ndarray, other: np.ndarray, truth: np.ndarray
) -> float:
    """R^2 of the line through (code, factor) on others."""
    centre = code.mean()
    spread = np.square(code - centre).sum()
    slope = ((code - centre) * factor).sum() / spread if spread > 0 else 0.0
    errors = truth - (factor.mean() + slope * (other - centre))
    return float(1.0 - np.square(errors).sum() / np.square(truth - truth.mean()).sum())


def _tree(
    code: np.ndarray,
    factor: np.ndarray,
    other: np.ndarray,
    truth: np.ndarray,
    size: int,
) -> float:
    """Balanced accuracy of thresholds on others, chance 0."""
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        max_leaf_nodes=int(size), class_weight="balanced", random_state=0
    )
    found = tree.fit(code[:, None], factor).predict(other[:, None])
    right = np.bincount(truth[found == truth], minlength=size)
    accuracy = (right / np.bincount(truth, minlength=size)).mean()
    return float((accuracy - 1.0 / size) / (1.0 - 1.0 / size))
