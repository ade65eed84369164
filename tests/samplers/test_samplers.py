"""Every sampler: draws have the moments of the latents it was fitted to."""

import numpy as np
import pytest
from scipy import stats

import vaex.samplers
from tests.contracts.discovery import classes
from vaex.errors import InputError
from vaex.samplers.gaussian import Gaussian
from vaex.samplers.gaussian_mixture import GaussianMixture

KINDS = classes(vaex.samplers, object)
N, DRAWS = 2000, 4000


@pytest.fixture(scope="module")
def latents() -> np.ndarray:
    """Two clusters, correlated, and a unit that is not used."""
    random = np.random.default_rng(0)
    side = np.where(random.random(N) < 0.3, -2.0, 2.0)
    first = side + 0.5 * random.normal(size=N)
    second = 0.8 * first + 0.3 * random.normal(size=N)
    return np.stack([first, second, np.full(N, 0.25)], 1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_draws_have_the_moments_of_the_latents(kind, latents):
    drawn = kind()(latents, DRAWS, seed=1)
    assert drawn.shape == (DRAWS, 3)
    assert drawn.dtype == np.float32
    assert np.isfinite(drawn).all()
    # Standard errors: of a mean s/sqrt(n), of a covariance below 2 s^2/sqrt(n).
    spread = latents.std(0) + 1e-2
    error = np.abs(drawn.mean(0) - latents.mean(0))
    assert (error < 4.5 * spread / np.sqrt(DRAWS)).all()
    gap = np.abs(np.cov(drawn.T) - np.cov(latents.T))
    assert (gap < 9 * np.outer(spread, spread) / np.sqrt(DRAWS)).all()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_seed_gives_the_same_draws(kind, latents):
    first, again = kind()(latents, 50, seed=3), kind()(latents, 50, seed=3)
    np.testing.assert_array_equal(first, again)
    assert (kind()(latents, 50, seed=4) != first).any()


def test_a_mixture_finds_the_clusters(latents):
    drawn = GaussianMixture(num_components=2)(latents, DRAWS, seed=0)[:, 0]

    def expected(x):
        low, high = stats.norm(-2, 0.5), stats.norm(2, 0.5)
        return 0.3 * low.cdf(x) + 0.7 * high.cdf(x)

    # The fit to N points is off by about 1/sqrt(N).
    assert stats.kstest(drawn, expected).statistic < 4 / np.sqrt(N)
    # No order by component: the first half looks like the second.
    assert stats.ks_2samp(drawn[: DRAWS // 2], drawn[DRAWS // 2 :]).pvalue > 1e-3


def test_the_first_draws_of_a_gaussian_are_the_same_for_any_number(latents):
    few, many = (Gaussian()(latents, n, seed=0) for n in (5, 50))
    np.testing.assert_array_equal(few, many[:5])


def test_what_cannot_work_is_refused():
    with pytest.raises(InputError, match="num_components must be at least 1, got 0"):
        GaussianMixture(0)
    with pytest.raises(InputError, match="at most the 3 latents.*got 10"):
        GaussianMixture()(np.zeros((3, 2)), 1, seed=0)
    with pytest.raises(InputError, match="two latents at least, got 1"):
        Gaussian()(np.zeros((1, 2)), 1, seed=0)
