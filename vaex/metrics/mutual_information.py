"""Mutual information of codes and factors, by counting.

N examples, L latent, F factors.
"""

import numpy as np

from vaex.metrics._inputs import check_at_least, represented

BINS = 20


def factor_information(
    codes: np.ndarray, factors: np.ndarray, *, bins: int = BINS
) -> np.ndarray:
    """I(z_j; v_k) of every code and factor, of the examples' own frequencies.

    Codes are put in bins of equal width from their smallest to their largest value;
    those of no more than `bins` different values are taken as they are.

    Args:
      codes: [N, L].
      factors: [N, F] integers.
      bins: of a code.

    Returns:
      [L, F] nats, from 0 to the smaller entropy of the two.

    Raises:
      InputError: if codes and factors do not fit.

    Numerics: biased upwards by about (bins - 1)(values - 1) / (2 N) nats where code and
      factor are independent; differences between codes have less of it. One far outlier
      makes most of the bins empty.

    >>> factors = np.indices((2, 4)).reshape(2, -1).T
    >>> np.exp(factor_information(factors * 1.5, factors)).round(6).tolist()
    [[2.0, 1.0], [1.0, 4.0]]
    """
    codes, factors, _ = represented(codes, factors)
    check_at_least("bins", bins, 2)
    return information_of(binned(codes, bins), factors)


def factor_entropy(factors: np.ndarray) -> np.ndarray:
    """H(v_k) of every factor, of the examples' own frequencies.

    Args:
      factors: [N, F] integers.

    Returns:
      [F] nats.

    >>> np.exp(factor_entropy(np.array([[0, 5], [1, 6], [0, 7], [1, 8]]))).tolist()
    [2.0, 4.0]
    """
    columns = (np.unique(column, return_counts=True)[1] for column in factors.T)
    return np.array([_entropy(counts) for counts in columns])


def binned(codes: np.ndarray, bins: int) -> np.ndarray:
    """Codes [N, L] as integers, as `factor_information` says.

    >>> binned(np.array([[0.0], [0.4], [9.0], [10.0]]), 3)[:, 0].tolist()
    [0, 0, 2, 2]
    """
    found = np.empty(codes.shape, int)
    for number, column in enumerate(codes.T):
        values, ranks = np.unique(column, return_inverse=True)
        if len(values) > bins:
            edges = np.linspace(values[0], values[-1], bins + 1)
            ranks = np.digitize(column, edges[1:-1])
        found[:, number] = ranks
    return found


def information_of(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """I [L, F] nats of integers [N, L] and [N, F], both from 0.

    >>> both = np.array([[0], [1], [2]])
    >>> np.exp(information_of(both, both)).round(6).tolist()
    [[3.0]]
    """
    found = np.empty((codes.shape[1], factors.shape[1]))
    for j, code in enumerate(codes.T):
        for k, factor in enumerate(factors.T):
            shape = (code.max() + 1, factor.max() + 1)
            joint = np.bincount(code * shape[1] + factor, minlength=shape[0] * shape[1])
            table = joint.reshape(shape)
            sums = _entropy(table.sum(0)) + _entropy(table.sum(1))
            found[j, k] = max(0.0, sums - _entropy(joint))
    return found


def _entropy(counts: np.ndarray) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())
