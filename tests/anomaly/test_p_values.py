"""Conformal p-values and thresholds: exact, by enumeration of ranks."""

import itertools
import math

import numpy as np
import pytest

from vaex.anomaly.p_values import conformal_p_values
from vaex.anomaly.thresholds import contamination_threshold, threshold_at
from vaex.errors import InputError


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_p_values_of_exchangeable_rows_are_uniform(count):
    """All orders of n + 1 different scores are equally likely: p is each k/(n+1)."""
    found = [
        float(conformal_p_values(order[:-1], order[-1]))
        for order in itertools.permutations(range(count + 1))
    ]
    values, times = np.unique(np.round(found, 12), return_counts=True)
    expected = np.arange(1, count + 2) / (count + 1)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    assert (times == math.factorial(count)).all()


@pytest.mark.parametrize("scores", [(0, 0, 1, 1, 2), (3, 3, 3, 3), (0, 1, 1, 1, 1)])
def test_with_ties_p_values_are_valid(scores):
    """P(p <= t) <= t for every t, over all orders of scores with ties."""
    found = np.array(
        [conformal_p_values(o[:-1], o[-1]) for o in itertools.permutations(scores)]
    )
    for t in np.linspace(0.01, 1, 100):
        assert (found <= t + 1e-12).mean() <= t + 1e-12


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 1 / 3, 0.5, 0.9])
@pytest.mark.parametrize("count", [1, 9, 19, 20, 99, 100])
def test_a_threshold_calls_what_p_values_call(count, rate):
    """Scores above it are those with p <= rate, ties included; infinite if none is."""
    calibration = np.random.default_rng(count).integers(0, 40, count).astype(float)
    threshold = threshold_at(calibration, rate)
    scores = np.concatenate([calibration, np.arange(-1, 42), np.arange(40) + 0.5])
    called = conformal_p_values(calibration, scores) <= rate
    assert (called == (scores > threshold)).all()
    assert math.isinf(threshold) == (rate * (count + 1) < 1)


def test_shapes_and_infinite_scores():
    found = conformal_p_values([1.0, 2.0, np.inf], [[np.inf, -np.inf], [1.5, 2.0]])
    np.testing.assert_allclose(found, [[0.5, 1.0], [0.75, 0.75]])


def test_contamination_is_the_share_of_training_rows_above():
    """As PyOD's: `np.percentile` of the training scores; a row above is an outlier."""
    scores = np.random.default_rng(0).normal(size=1000)
    for share in (0.01, 0.1, 0.5):
        threshold = contamination_threshold(scores, share)
        assert (scores > threshold).sum() == round(1000 * share)
        assert threshold == np.percentile(scores, 100 * (1 - share))
    # Impossible rows are called, even where they are more than the share.
    for count in (1, 100, 101, 300):
        scores[:count] = np.inf
        threshold = contamination_threshold(scores, 0.1)
        assert np.isfinite(threshold)
        assert (scores > threshold).sum() >= max(count, 99)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: conformal_p_values([], [1.0]), "calibration must hold one score"),
        (lambda: conformal_p_values([np.nan], [1.0]), "1 of 1 scores are NaN"),
        (lambda: conformal_p_values([1.0], [np.nan, 2.0]), "1 of 2 are NaN"),
        (lambda: threshold_at([1.0], 0.0), "between 0 and 1, got 0.0"),
        (lambda: threshold_at([1.0], 1.0), "between 0 and 1, got 1.0"),
        (lambda: threshold_at([], 0.5), "calibration must hold one score"),
        (lambda: contamination_threshold([1.0], 0.6), "0.5 included, got 0.6"),
        (lambda: contamination_threshold([np.nan], 0.1), "1 of 1 scores are NaN"),
    ],
)
def test_what_cannot_be(call, says):
    with pytest.raises(InputError, match=says):
        call()
