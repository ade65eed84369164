"""Frechet distance, neighbours and the two-sample test, against their definitions."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg, stats
from scipy.spatial.distance import cdist

from vaex.bounds.kernel_discrepancy import squared_discrepancy
from vaex.errors import InputError
from vaex.metrics.frechet import frechet_distance, frechet_distance_of_moments
from vaex.metrics.nearest_neighbours import neighbour_scores
from vaex.metrics.two_sample_test import mmd_test


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def gaussian(random, size: int) -> tuple[np.ndarray, np.ndarray]:
    root = random.normal(size=(size, size + 2))
    return random.normal(size=size), root @ root.T


def test_frechet_distance_of_gaussians(random):
    (m, c), (n, d) = gaussian(random, 5), gaussian(random, 5)
    root = np.real(linalg.sqrtm(c @ d))
    expected = np.square(m - n).sum() + np.trace(c + d - 2 * root)
    assert frechet_distance_of_moments(m, c, n, d) == pytest.approx(expected)
    s, t = random.uniform(1, 3, (2, 4))
    diagonal = frechet_distance_of_moments(
        np.zeros(4), np.diag(s**2), np.zeros(4), np.diag(t**2)
    )
    assert diagonal == pytest.approx(np.square(s - t).sum())


def test_frechet_distance_of_samples_is_that_of_their_moments(random):
    x, y = random.normal(size=(30, 4)), random.normal(size=(9, 4)) * 2 + 1
    moments = x.mean(0), np.cov(x.T), y.mean(0), np.cov(y.T)
    expected = frechet_distance_of_moments(*moments)
    assert frechet_distance(x, y) == pytest.approx(expected)
    assert frechet_distance(y, x) == pytest.approx(expected)
    turn = stats.ortho_group.rvs(4, random_state=1)
    assert frechet_distance(x @ turn, y @ turn) == pytest.approx(expected)
    # Squares of means and deviations in one dimension.
    one = frechet_distance(x[:, :1], y[:, :1])
    apart = (x[:, 0].mean() - y[:, 0].mean()) ** 2
    spread = (x[:, 0].std(ddof=1) - y[:, 0].std(ddof=1)) ** 2
    assert one == pytest.approx(apart + spread)


def test_frechet_distance_of_degenerate_samples(random):
    x = random.normal(size=(3, 8))  # covariances of rank 2
    assert frechet_distance(x, x) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(x, x + 2.0) == pytest.approx(8 * 4.0)
    assert frechet_distance(np.zeros((4, 2)), np.ones((4, 2))) == pytest.approx(2.0)
    # Draws of N(0, I) and N(1, 4 I): 3 (1 + 1), and what 20000 draws leave.
    x, y = random.normal(size=(20000, 3)), 1 + 2 * random.normal(size=(20000, 3))
    assert frechet_distance(x, y) == pytest.approx(6.0, abs=0.2)


def by_definition(real, drawn, k):
    """Scores, ball by ball."""

    def balls(sample):
        return list(zip(sample, np.sort(cdist(sample, sample), 1)[:, k], strict=True))

    def within(point, ball):
        return np.linalg.norm(point - ball[0]) <= ball[1]

    own, theirs = balls(real), balls(drawn)
    return (
        [any(within(y, ball) for ball in own) for y in drawn],
        [any(within(x, ball) for ball in theirs) for x in real],
        [sum(within(y, ball) for ball in own) / k for y in drawn],
        [any(within(y, ball) for y in drawn) for ball in own],
    )


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("block", [1, 1 << 24])
def test_neighbours_are_those_of_the_definition(k, block, monkeypatch, random):
    monkeypatch.setattr("vaex.metrics.nearest_neighbours._BLOCK", block)
    real, drawn = random.normal(size=(25, 2)), random.normal(size=(18, 2)) + 1.5
    found = neighbour_scores(real, drawn, k=k)
    for values, expected in zip(found, by_definition(real, drawn, k), strict=True):
        np.testing.assert_array_equal(values, np.array(expected, float))
        assert 0 < values.mean() < values.max()  # a case that tells something


def test_neighbours_of_the_same_and_of_others(random):
    x = random.normal(size=(40, 3))
    same = [values.mean() for values in neighbour_scores(x, x, k=4)]
    assert same == pytest.approx([1.0, 1.0, 5 / 4, 1.0])
    apart = neighbour_scores(x, x + 100.0, k=4)
    assert [values.mean() for values in apart] == [0.0] * 4
    # One place out of many: precise, and covering nothing.
    narrow = neighbour_scores(x, x[:1] + 1e-3 * random.normal(size=(40, 3)), k=4)
    assert narrow.precision.mean() == 1.0
    assert narrow.recall.mean() < 0.1
    assert narrow.coverage.mean() < 0.3


def test_density_and_coverage_of_equal_distributions(random):
    """Naeem et al.: 1, and 1 - (N - 1) ... (N - k) / ((2 N - 1) ... (2 N - k))."""
    size, k = 50, 3
    means = []
    for _ in range(60):
        found = neighbour_scores(*random.normal(size=(2, size, 2)), k=k)
        means.append([found.density.mean(), found.coverage.mean()])
    steps = np.arange(1, k + 1)
    expected = 1 - np.prod((size - steps) / (2 * size - steps))
    error = np.std(means, axis=0) / np.sqrt(60)
    z = (np.mean(means, axis=0) - [1.0, expected]) / error
    assert np.abs(z).max() < 4


def test_the_statistic_is_that_of_the_definition(random):
    x, y = random.normal(size=(12, 3)), random.normal(size=(8, 3)) + 0.5
    found = mmd_test(x, y, permutations=20)
    pooled = np.concatenate([x, y])
    pairs = cdist(pooled, pooled)[np.triu_indices(20, 1)]
    assert found.bandwidth == pytest.approx(np.median(pairs))

    def kernel(a, b):
        return np.exp(-0.5 * np.square(cdist(a, b) / found.bandwidth))

    within = [(kernel(z, z).sum() - len(z)) / len(z) / (len(z) - 1) for z in (x, y)]
    expected = sum(within) - 2 * kernel(x, y).mean()
    assert found.statistic == pytest.approx(expected)
    assert found.p_value * 21 == pytest.approx(round(found.p_value * 21))
    assert found.null_deviation > 0


@pytest.mark.slow
def test_the_statistic_is_that_of_the_bounds(random):
    x, y = random.normal(size=(12, 3)), random.normal(size=(8, 3)) + 0.5
    found = mmd_test(x, y, permutations=20)

    def kernel(a, b):
        squares = jnp.square(a[:, None] - b[None]).sum(-1)
        return jnp.exp(-0.5 * squares / found.bandwidth**2)

    expected = squared_discrepancy(jnp.asarray(x), jnp.asarray(y), kernel)
    assert found.statistic == pytest.approx(float(expected), abs=1e-6)  # float32


def test_the_level_is_what_it_says(random):
    """Under one distribution p-values are uniform on the multiples of 1 / 20."""
    values = [
        mmd_test(*random.normal(size=(2, 15, 2)), permutations=19, seed=seed).p_value
        for seed in range(400)
    ]
    counts = np.bincount(np.rint(np.array(values) * 20).astype(int), minlength=21)[1:]
    assert stats.chisquare(counts).pvalue > 1e-3
    # 400 tosses of 1/20, standard error 0.011.
    assert np.mean(np.array(values) <= 0.05) == pytest.approx(0.05, abs=0.04)


@pytest.mark.parametrize("other", ["mean", "scale", "correlation"])
def test_what_differs_is_found(other):
    random = np.random.default_rng(7)
    changed = {
        "mean": lambda y: y + 0.7,
        "scale": lambda y: 2.0 * y,
        "correlation": lambda y: y @ np.array([[1.0, 0.95], [0.0, 0.3]]),
    }[other]
    values = []
    for seed in range(10):
        x, y = random.normal(size=(2, 60, 2))
        values.append(mmd_test(x, changed(y), permutations=99, seed=seed).p_value)
    assert np.mean(np.array(values) <= 0.05) >= 0.8


def test_constant_samples():
    assert mmd_test(np.zeros((5, 1)), np.zeros((5, 1)), permutations=9).p_value == 1.0
    assert mmd_test(np.zeros((9, 1)), np.ones((9, 1)), permutations=99).p_value < 0.05


@pytest.mark.parametrize("score", [frechet_distance, neighbour_scores, mmd_test])
def test_what_is_refused(score):
    x = np.zeros((9, 2))
    with pytest.raises(InputError, match="one number of columns, got 2 and 3"):
        score(x, np.zeros((9, 3)))
    with pytest.raises(InputError, match="must be finite, got 9 of 9"):
        score(x, np.full((9, 2), np.inf))
    with pytest.raises(InputError, match=r"two rows each|below the number of examples"):
        score(x, x[:1])
    with pytest.raises(InputError, match=r"must be \[N, D\] numbers"):
        score(x[0], x)
