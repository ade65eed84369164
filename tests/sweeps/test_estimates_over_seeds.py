"""Means over seeds and paired differences, against scipy and by hand."""

import numpy as np
import pytest
from scipy import stats

from vaex.sweeps.estimates_over_seeds import Difference, mean_over, paired_difference

RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_standard_errors_are_scipys(n):
    values = RANDOM.normal(size=n) * 3 - 90
    found = mean_over(values.tolist())
    assert found.n == n
    np.testing.assert_allclose(found.mean, values.mean(), rtol=1e-12)
    np.testing.assert_allclose(found.se, stats.sem(values), rtol=1e-12)


def test_by_hand():
    assert mean_over([1.0, 3.0]) == (2.0, 1.0, 2)  # s = sqrt 2, over sqrt 2
    assert mean_over([4.0]) == (4.0, None, 1)
    assert mean_over([]) == (None, None, 0)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("n", [2, 3, 8])
def test_intervals_are_those_of_scipys_paired_test(n, level):
    seeds = [str(seed) for seed in range(n)]
    a, b = RANDOM.normal(size=(2, n))
    first, second = (dict(zip(seeds, v.tolist(), strict=True)) for v in (a, b))
    found = paired_difference(first, dict(reversed(second.items())), level)
    theirs = stats.ttest_rel(a, b).confidence_interval(level)
    np.testing.assert_allclose(found.mean, (a - b).mean(), rtol=1e-12)
    np.testing.assert_allclose(found.se, stats.sem(a - b), rtol=1e-12)
    np.testing.assert_allclose([found.low, found.high], theirs, rtol=1e-9)
    assert found.is_clear == (not theirs.low <= 0 <= theirs.high)


def test_only_seeds_of_both_are_paired():
    found = paired_difference({0: 5.0, 1: 7.0, 2: 9.0}, {2: 1.0, 0: 1.0, 3: 0.0})
    assert (found.mean, found.n) == (6.0, 2)


def test_one_pair_has_no_error_and_none_nothing():
    assert paired_difference({0: 2.0}, {0: 1.0}) == (1.0, None, None, None, 1)
    assert paired_difference({0: 2.0}, {1: 1.0}) == (None, None, None, None, 0)
    assert not Difference(1.0, None, None, None, 1).is_clear
    assert not Difference(1.0, 1.0, -1.0, 3.0, 3).is_clear


def test_intervals_cover_as_often_as_they_say():
    """1,000 experiments of 4 seeds; the share's standard error is 0.0069."""
    random = np.random.default_rng(5)
    hits = 0
    for differences in random.normal(0.7, 2.0, size=(1000, 4)):
        pairs = dict(enumerate(differences.tolist()))
        found = paired_difference(pairs, dict.fromkeys(range(4), 0.0), 0.95)
        hits += found.low <= 0.7 <= found.high
    assert abs(hits / 1000 - 0.95) < 4 * 0.0069
