"""Every sampler: draws have the distribution of the latents it was fitted to."""

import dataclasses

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats
from scipy.spatial.distance import cdist, pdist

import vaex.samplers
from tests.contracts.discovery import classes
from vaex.errors import InputError
from vaex.preparations.identity import Identity
from vaex.samplers._early_stop import Patience, fitted
from vaex.samplers._latents import Units
from vaex.samplers.flow import Flow
from vaex.samplers.gaussian import Gaussian
from vaex.samplers.gaussian_mixture import GaussianMixture
from vaex.samplers.two_stage import TwoStage
from vaex.training.experiment import Experiment

KINDS = classes(vaex.samplers, object)
TRAINED = [k for k in KINDS if any(f.name == "say" for f in dataclasses.fields(k))]
DIRECT = [kind for kind in KINDS if kind not in TRAINED]
N, DRAWS = 2000, 4000

every = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
every_direct = pytest.mark.parametrize("kind", DIRECT, ids=lambda kind: kind.__name__)
every_trained = pytest.mark.parametrize("kind", TRAINED, ids=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def latents() -> np.ndarray:
    """Two clusters, correlated, and a unit that is not used."""
    random = np.random.default_rng(0)
    side = np.where(random.random(N) < 0.3, -2.0, 2.0)
    first = side + 0.5 * random.normal(size=N)
    second = 0.8 * first + 0.3 * random.normal(size=N)
    return np.stack([first, second, np.full(N, 0.25)], 1)


def banana(seed: int, num: int) -> np.ndarray:
    """N(0, 1/4) across, and about its square N(., 1/25) upwards, less 1."""
    across, up = np.random.default_rng(seed).normal(size=(2, num))
    return np.stack([0.5 * across, 0.2 * up + across**2 - 1.0], 1)


def banana_log_prob(z: np.ndarray) -> np.ndarray:
    up = stats.norm.logpdf(z[:, 1], (2.0 * z[:, 0]) ** 2 - 1.0, 0.2)
    return stats.norm.logpdf(z[:, 0], 0.0, 0.5) + up


def energy_distance(x: np.ndarray, y: np.ndarray) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'|, unbiased."""
    return float(2 * cdist(x, y).mean() - pdist(x).mean() - pdist(y).mean())


@every_direct
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


@every_direct
def test_a_seed_gives_the_same_draws(kind, latents):
    first, again = kind()(latents, 50, seed=3), kind()(latents, 50, seed=3)
    np.testing.assert_array_equal(first, again)
    assert (kind()(latents, 50, seed=4) != first).any()


@pytest.mark.slow
@every_trained
def test_a_trained_sampler_reports_and_leaves_constants_alone(kind, latents):
    said = []
    sampler = kind(hidden=(3,), patience=Patience(steps=3, every=2), say=said.append)
    drawn = sampler(latents.astype(np.float32), 7, seed=0)
    assert drawn.shape == (7, 3)
    assert drawn.dtype == np.float32
    assert np.isfinite(drawn).all()
    assert (drawn[:, 2] == 0.25).all()
    assert [line.split(":")[0].split()[-1] for line in said] == ["2", "3"]
    assert all("held-out" in line and line.endswith("nats") for line in said)


@pytest.mark.slow
@every_trained
def test_a_seed_gives_the_same_fit(kind, latents):
    sampler = kind(hidden=(4,), patience=Patience(steps=20, every=10))
    first, again, other = (sampler(latents, 50, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first[:, :2] != other[:, :2]).all()


@pytest.mark.slow
@every_trained
def test_a_trained_sampler_is_closer_to_the_latents_than_the_prior(kind):
    """Energy distances to fresh draws; of equal distributions it is 0 on average."""
    fresh = banana(1, 2000)
    drawn = kind()(banana(0, 8000), 2000, seed=1)
    prior = np.random.default_rng(5).normal(size=(2000, 2))
    gaussian = Gaussian()(banana(0, 8000), 2000, seed=1)
    chance = [energy_distance(banana(s, 2000), fresh) for s in range(2, 12)]
    found = energy_distance(drawn, fresh)
    assert energy_distance(prior, fresh) > 0.1
    assert energy_distance(gaussian, fresh) > 0.1
    # Of its own draws it is within 0.001 or so; what is left is the fit.
    assert np.abs(chance).max() < 0.005
    assert found < 0.01


@pytest.mark.slow
def test_a_flow_has_the_log_likelihood_of_the_true_density():
    said = []
    sampler = Flow(say=said.append)
    prior, variables, units = sampler.fit(banana(0, 8000), seed=0)
    fresh = banana(1, 8000)
    x = units.standardised(fresh)
    log_q = np.asarray(prior.apply(variables, None).log_prob(x), np.float64)
    log_q -= units.log_scale
    exact = banana_log_prob(fresh)
    # KL(p || q) is positive: the mean of log p - log q, of standard error 0.003.
    gap = exact - log_q
    assert gap.std() / np.sqrt(len(gap)) < 0.005
    assert -0.01 < gap.mean() < 0.05
    # What is said is of 800 held-out rows: a standard error of 0.035.
    best = max(float(line.split()[-2]) for line in said)
    assert best == pytest.approx(exact.mean(), abs=0.15)


class Mean(nn.Module):
    """A number, the mean of nothing yet."""

    @nn.compact
    def __call__(self):
        return self.param("loc", nn.initializers.zeros, ())


def squared(model, batch, *, train):
    del train
    return jnp.square(batch["x"] - model()).mean(), {}


def test_training_stops_and_keeps_the_weights_that_held_out_rows_like_best():
    """The step grows, so that the loss falls at first and then rises for good."""
    x = np.linspace(0.0, 2.0, 40, dtype=np.float32)[:, None]
    looks = []

    def optimizer():
        return optax.sgd(lambda step: 0.2 * 1.5**step)

    experiment = Experiment(Mean(), squared, optimizer, Identity())
    patience = Patience(steps=60, every=2, looks=3)

    def say(step, score):
        looks.append((step, score))

    found = fitted(experiment, x, 0, patience, say, batch_size=36)
    steps, scores = zip(*looks, strict=True)
    best = int(np.argmax(scores))
    assert steps == tuple(range(2, 2 * best + 9, 2))
    # A tenth is held out, and its loss at the best look is that of what is returned.
    held_out = x[np.random.default_rng(0).permutation(40)[:4]]
    loc = float(found["params"]["loc"])
    assert -max(scores) == pytest.approx(float(np.square(held_out - loc).mean()))
    # Gradient descent on the mean of the other 36 rows, by hand.
    rest, expected = float((x.sum() - held_out.sum()) / 36), 0.0
    for step in range(steps[best]):
        expected -= 0.2 * 1.5**step * 2 * (expected - rest)
    assert loc == pytest.approx(expected, rel=1e-4)


def test_units_are_those_of_the_latents(latents):
    units = Units.of(latents)
    x = units.standardised(latents)
    assert x.shape == (N, 2)
    np.testing.assert_allclose(x.mean(0), 0.0, atol=1e-6)
    np.testing.assert_allclose(x.std(0), 1.0, rtol=1e-6)
    np.testing.assert_allclose(units.restored(x), latents, rtol=1e-5, atol=1e-6)
    expected = np.log(latents[:, :2].std(0)).sum()
    assert units.log_scale == pytest.approx(expected, rel=1e-9)


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


@every
def test_latents_that_are_no_real_vectors_are_refused(kind):
    with pytest.raises(InputError, match=r"one real vector each.*\(30, 2, 2\)"):
        kind()(np.zeros((30, 2, 2)), 1, seed=0)
    with pytest.raises(InputError, match="one real vector each.*got 2 layers of"):
        kind()((np.zeros((30, 3)), np.zeros((30, 2))), 1, seed=0)
    with pytest.raises(InputError, match="one real vector each.*of int"):
        kind()(np.zeros((30, 2), int), 1, seed=0)
    with pytest.raises(InputError, match="must be finite, got 1 of 30"):
        kind()(np.where(np.arange(30)[:, None] == 3, np.nan, np.ones((30, 2))), 1, 0)


@every_trained
def test_too_few_latents_are_refused(kind):
    z = np.random.default_rng(0).normal(size=(19, 2))
    with pytest.raises(InputError, match="20 latents at least, got 19; use Gaussian"):
        kind()(z, 1, seed=0)


def test_what_cannot_work_is_refused():
    with pytest.raises(InputError, match="num_components must be at least 1, got 0"):
        GaussianMixture(0)
    with pytest.raises(InputError, match="at most the 3 latents.*got 10"):
        GaussianMixture()(np.zeros((3, 2)), 1, seed=0)
    with pytest.raises(InputError, match="two latents at least, got 1"):
        Gaussian()(np.zeros((1, 2)), 1, seed=0)
    with pytest.raises(InputError, match="steps must be at least 1, got Patience"):
        Patience(steps=0)
    line = np.stack([np.arange(30.0), np.zeros(30)], 1)
    with pytest.raises(InputError, match="two latents at least that vary, got 1"):
        Flow()(line, 1, seed=0)
    with pytest.raises(InputError, match="all latents are constant"):
        TwoStage()(np.zeros((30, 2)), 1, seed=0)
