"""Correlated Gaussian posteriors, against scipy and dense covariances."""

import jax
import numpy as np
import pytest
from scipy import stats

from tests.contracts.compiled import quick_jit
from vaex.errors import InputError
from vaex.posteriors.full_covariance_gaussian import FullCovarianceGaussian
from vaex.posteriors.low_rank_gaussian import LowRankGaussian

B, L, FLOOR = 3, 4, 0.2


def raw_of(posterior):
    generator = np.random.default_rng(0)
    return generator.normal(size=(B, *posterior.raw_shape)).astype(np.float32)


def softplus(x):
    return np.logaddexp(0.0, x.astype(np.float64))


def lower_triangular(raw):
    loc, diagonal, below = np.split(raw.astype(np.float64), [L, 2 * L], axis=-1)
    found = []
    for d, rest in zip(FLOOR + softplus(diagonal), below, strict=True):
        a, numbers = np.diag(d), iter(rest)
        for i in range(L):
            for j in range(i):
                a[i, j] = next(numbers)
        found.append(a @ a.T)
    return loc, np.stack(found)


def low_rank(raw):
    raw = raw.astype(np.float64)
    w, s = raw[..., 2:], FLOOR + softplus(raw[..., 1])
    noise = np.stack([np.diag(row**2) for row in s])
    return raw[..., 0], w @ np.swapaxes(w, -1, -2) + noise


CASES = [
    (FullCovarianceGaussian(L, FLOOR), lower_triangular),
    (LowRankGaussian(L, FLOOR, rank=1), low_rank),
    (LowRankGaussian(L, FLOOR, rank=6), low_rank),
]
every_case = pytest.mark.parametrize(
    ("posterior", "moments"), CASES, ids=["full", "rank 1", "rank 6"]
)


@every_case
def test_density_is_scipys(posterior, moments):
    raw = raw_of(posterior)
    z = np.random.default_rng(1).normal(size=(5, B, L)).astype(np.float32)
    actual = quick_jit(lambda raw: posterior.from_raw(raw, {}).log_prob(z))(raw)
    assert actual.shape == (5, B)
    for b, (loc, covariance) in enumerate(zip(*moments(raw), strict=True)):
        twin = stats.multivariate_normal(loc, covariance)
        np.testing.assert_allclose(actual[:, b], twin.logpdf(z[:, b]), rtol=1e-5)


@every_case
def test_samples_have_the_covariance(posterior, moments):
    raw, count = raw_of(posterior), 20_000

    @quick_jit
    def draw(raw, key):
        return posterior.from_raw(raw, {}).sample(seed=key, sample_shape=(count,))

    z = np.asarray(draw(raw, jax.random.key(0)), np.float64)
    for b, (loc, covariance) in enumerate(zip(*moments(raw), strict=True)):
        # Whitened by the twin: mean 0 and covariance 1.
        white = np.linalg.solve(np.linalg.cholesky(covariance), (z[:, b] - loc).T)
        assert np.abs(white.mean(1)).max() < 4.5 / np.sqrt(count)
        error = np.abs(white @ white.T / count - np.eye(L))
        assert error.max() < 4.5 * np.sqrt(2 / count)


def test_rank_0_is_refused():
    with pytest.raises(InputError, match="rank must be at least 1, got 0.*Diagonal"):
        LowRankGaussian(2, rank=0)
