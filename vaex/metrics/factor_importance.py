"""DCI: disentanglement, completeness and informativeness of codes.

N examples, L latent, F factors.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from vaex.metrics._inputs import represented
from vaex.metrics.attribute_predictability import halves


class DCI(NamedTuple):
    """Three scores from 0 to 1, and what they are made of.

    Attributes:
      disentanglement: does a code matter to one factor alone? Mean over codes, weighted
        by how much they matter.
      completeness: does one code alone matter to a factor? Mean over factors.
      informativeness: accuracy of the factors' prediction from all codes, on examples
        that were not learned from; mean over factors.
      importance: [L, F] of each code for each factor; each column adds up to 1, or to 0
        where no code matters.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    importance: np.ndarray


def dci(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    seed: int = 0,
    classifier: Callable[[int], Any] | None = None,
) -> DCI:
    """Importance of codes for factors, by gradient-boosted trees, and its entropies.

    Args:
      codes: [N, L] of the examples, the posterior's means as a rule.
      factors: [N, F] integers.
      seed: of the half of the examples that is learned from (the other is scored), and
        of the trees.
      classifier: seed -> a scikit-learn classifier with `feature_importances_`; by
        default `GradientBoostingClassifier`, as in disentanglement_lib.

    Returns:
      The scores.

    Raises:
      InputError: if codes and factors do not fit, or there are too few examples.

    Hazards: informativeness of codes that are noise is the share of the commonest
      value. Two codes that are copies share the importance as the trees choose.

    Differs from the paper: boosted trees in place of lasso and random forests, and
      informativeness is an accuracy, not an error of prediction.

    Differs from disentanglement_lib: completeness is the plain mean over factors, as in
      the paper (there it is weighted by columns of the importance, which is the same as
      long as every factor has a code that matters).

    Source: Eastwood, Williams, "A Framework for the Quantitative Evaluation of
      Disentangled Representations", ICLR 2018,
      https://openreview.net/forum?id=By-7dz-AZ

    >>> factors = np.tile(np.indices((2, 3)).reshape(2, -1).T, (9, 1))
    >>> [round(score, 6) for score in dci(-2.0 * factors[:, ::-1], factors)[:3]]
    [1.0, 1.0, 1.0]
    """
    codes, factors, _ = represented(codes, factors)
    learned, scored = halves(factors, seed)
    make = classifier or _boosted
    importance = np.zeros((codes.shape[1], factors.shape[1]))
    accuracies = []
    for number, factor in enumerate(factors.T):
        model = make(seed).fit(codes[learned], factor[learned])
        importance[:, number] = model.feature_importances_
        accuracies.append((model.predict(codes[scored]) == factor[scored]).mean())
    return DCI(
        disentanglement_of(importance),
        completeness_of(importance),
        float(np.mean(accuracies)),
        importance,
    )


def disentanglement_of(importance: np.ndarray) -> float:
    """Weighted mean over codes of 1 - H(importance over factors) / log F.

    Args:
      importance: [L, F], not negative.

    >>> round(disentanglement_of(np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 0.5]])), 6)
    1.0
    """
    weight = importance.sum(1)
    total = weight.sum()
    return float((weight * _purity(importance)).sum() / total) if total > 0 else 0.0


def completeness_of(importance: np.ndarray) -> float:
    """Mean over factors of 1 - H(importance over codes) / log L.

    Args:
      importance: [L, F], not negative.

    >>> round(completeness_of(np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 0.5]])), 6)
    0.684535
    """
    return float(_purity(importance.T).mean())


def _purity(rows: np.ndarray) -> np.ndarray:
    """1 - H / log(width) of each row; 0 for a row of zeros, 1 where the width is 1."""
    total = rows.sum(1)
    share = rows / np.where(total > 0, total, 1.0)[:, None]
    logs = np.log(np.where(share > 0, share, 1.0))
    entropy = -(share * logs).sum(1) / np.log(max(2, rows.shape[1]))
    return np.where(total > 0, 1.0 - entropy, 0.0)


def _boosted(seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(random_state=seed)
