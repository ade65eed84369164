"""Mutual information of codes and factors, against scikit-learn and scipy."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from vaex.metrics.mutual_information import factor_entropy, factor_information


def test_information_is_that_of_scikit_learn():
    random = np.random.default_rng(2)
    codes = random.integers(0, 6, (90, 2))
    factors = (codes[:, [1]] + random.integers(0, 4, (90, 2))) % 5 - 3
    found = factor_information(codes * 1.5, factors)
    for j in range(2):
        for k in range(2):
            expected = mutual_info_score(codes[:, j], factors[:, k])
            assert found[j, k] == pytest.approx(expected, abs=1e-12)
    counts = [np.unique(column, return_counts=True)[1] for column in factors.T]
    expected = [stats.entropy(count) for count in counts]
    np.testing.assert_allclose(factor_entropy(factors), expected)


def test_bins_are_of_equal_width():
    random = np.random.default_rng(3)
    codes, factors = random.normal(size=(500, 1)), random.integers(0, 3, (500, 1))
    edges = np.histogram(codes, 8)[1]
    integers = np.digitize(codes[:, 0], edges[1:-1])
    expected = mutual_info_score(integers, factors[:, 0])
    assert factor_information(codes, factors, bins=8)[0, 0] == pytest.approx(expected)
