"""Calibration: uniform where the model is true, and of the right shape where not."""

import functools
import itertools

import jax
import numpy as np
import pytest
from scipy import stats

from tests.oracles.ppca import EVENT, LATENT, ppca
from vaex.errors import InputError
from vaex.evaluation.estimates import estimate
from vaex.metrics.calibration import (
    counts_in_bins,
    evenness,
    histogram_band,
    in_central_interval,
    pit_of_cdf,
    pit_of_counts,
    spread_of,
)
from vaex.metrics.predictive_pit import STATISTICS, make_predictive_pit
from vaex.metrics.simulation_based_calibration import (
    make_posterior_ranks,
    rank_counts,
    rank_tests,
)
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.identity import Identity
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.testing._compiled import quick_jit

KEY = jax.random.key(11)
DRAWS = 15


def test_pit_of_counts_is_uniform_by_enumeration():
    """P(u <= t) = t over all outcomes of x and two draws from {0, 1, 2}."""
    share = np.array([0.2, 0.5, 0.3])
    for t in (0.1, 1 / 3, 0.6, 0.95):
        below = 0.0
        for x, a, b in itertools.product(range(3), repeat=3):
            less, equal = (a < x) + (b < x), (a == x) + (b == x)
            low, high = (pit_of_counts(less, equal, 2, v) for v in (0.0, 1.0))
            within = np.clip((t - low) / (high - low), 0.0, 1.0)
            below += share[x] * share[a] * share[b] * within
        assert below == pytest.approx(t, abs=1e-12)


def test_pit_of_a_distribution_function():
    random = np.random.default_rng(0)
    law = stats.poisson(1.3)
    x, v = law.rvs(3000, random_state=random), random.uniform(size=3000)
    assert stats.kstest(pit_of_cdf(law.cdf(x - 1), law.cdf(x), v), "uniform")[1] > 1e-3
    wrong = stats.poisson(1.6)
    pit = pit_of_cdf(wrong.cdf(x - 1), wrong.cdf(x), v)
    assert stats.kstest(pit, "uniform")[1] < 1e-6


def test_intervals_and_spread():
    pit = np.random.default_rng(1).uniform(size=100_000)
    for level in (0.1, 0.5, 0.95):
        # Standard errors 0.0016 at most.
        inside = in_central_interval(pit, level)
        assert inside.mean() == pytest.approx(level, abs=0.007)
    assert spread_of(pit).mean() == pytest.approx(1.0, abs=0.02)  # error 0.003
    with pytest.raises(InputError, match="level must lie between 0 and 1, got 1"):
        in_central_interval(pit, 1)


def test_evenness_is_the_chi_square_test_of_scipy():
    counts = np.random.default_rng(2).multinomial(300, np.full(8, 1 / 8))
    found, expected = evenness(counts), stats.chisquare(counts)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.degrees == 7
    with pytest.raises(InputError, match="5 values in the mean, got"):
        evenness([4, 5])


def test_the_band_holds_all_bins_together():
    random, (low, high) = np.random.default_rng(3), histogram_band(500, 20)
    counts = random.multinomial(500, np.full(20, 0.05), 4000)
    share = ((counts >= low) & (counts <= high)).all(1).mean()
    assert 0.95 <= share <= 0.985  # Bonferroni and whole numbers give some away


@functools.cache
def programs():
    """Compiled for the oracle's structure: its posterior is in the variables."""
    model = ppca().model
    return (
        quick_jit(make_predictive_pit(model, Identity())),
        quick_jit(make_posterior_ranks(model, Identity())),
    )


def simulated(size: int) -> dict[str, np.ndarray]:
    """Data from the oracle's own model."""
    head = ppca().variables["params"]["likelihood"]
    weights, mean = (np.asarray(head["projection"][k]) for k in ("kernel", "bias"))
    random = np.random.default_rng(4)
    noise = 0.4 * random.normal(size=(size, EVENT))
    x = random.normal(size=(size, LATENT)) @ weights + mean + noise
    return {"x": x.astype(np.float32)}


def pit_of(data, *, shift=0.0, stretch=1.0):
    compiled, variables = programs()[0], ppca(shift, stretch).variables
    options = {"num_samples": DRAWS, "block_size": 128}
    return estimate(compiled, variables, KEY, data, **options)


def ranks_of(size, *, shift=0.0, stretch=1.0):
    compiled, variables = programs()[1], ppca(shift, stretch).variables
    options = {"num_samples": DRAWS, "block_size": 128}
    data = {"x": np.zeros((size, EVENT), np.float32)}
    return estimate(compiled, variables, KEY, data, **options)["rank"]


def test_predictive_checks_of_the_true_model_and_its_posterior():
    found = pit_of(simulated(1000))
    assert found["pit"].shape == (1000, EVENT)
    assert stats.kstest(found["pit"].ravel(), "uniform").pvalue > 1e-3
    for column in found["statistics"].T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    counts = counts_in_bins(found["pit"], 16)
    assert evenness(counts).p_value > 1e-3
    low, high = histogram_band(counts.sum(), 16, 0.999)
    assert ((counts >= low) & (counts <= high)).all()


def test_predictive_checks_find_what_is_wrong():
    data = simulated(300)
    right = pit_of(data)
    # Wide data: values beyond the draws too often; and a posterior off to one side.
    wide = pit_of({"x": data["x"] + 0.6 * np.sign(data["x"] - data["x"].mean(0))})
    shifted = pit_of(data, shift=3.0)
    assert evenness(counts_in_bins(right["pit"], 8)).p_value > 1e-3
    for found in (wide, shifted):
        assert evenness(counts_in_bins(found["pit"], 8)).p_value < 1e-6
    assert spread_of(wide["pit"]).mean() > 1.2
    place = STATISTICS.index("standard_deviation")
    assert wide["statistics"][:, place].mean() > 0.6  # x varies more than draws do


@pytest.mark.slow
def test_hidden_cells_have_no_pit_and_no_influence():
    data = simulated(8)
    mask = np.ones((8, EVENT), bool)
    mask[:, 2] = mask[7] = False
    changed = np.where(mask, data["x"], 1e6).astype(np.float32)
    first = pit_of({**data, "mask": mask})
    second = pit_of({"x": changed, "mask": mask})
    assert np.isnan(first["pit"]).tolist() == (~mask).tolist()
    assert np.isnan(first["statistics"][7]).all()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def test_a_row_does_not_depend_on_its_batch():
    data = simulated(130)
    alone = {name: values[:3] for name, values in data.items()}
    np.testing.assert_array_equal(pit_of(data)["pit"][:3], pit_of(alone)["pit"])


def test_the_exact_posterior_has_even_ranks():
    ranks = ranks_of(1000)
    assert ranks.shape == (1000, LATENT)
    assert (ranks.min(), ranks.max()) == (0, DRAWS)
    tests = rank_tests(ranks, DRAWS, 16)
    assert [test.degrees for test in tests] == [15] * LATENT
    assert min(test.p_value for test in tests) > 1e-3
    expected = stats.chisquare(np.bincount(ranks[:, 1].astype(int)))
    assert tests[1].p_value == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(
    ("wrong", "shape"),
    [({"stretch": 0.5}, "ends"), ({"stretch": 2.0}, "middle"), ({"shift": 1.0}, "low")],
)
def test_wrong_posteriors_show_in_the_ranks(wrong, shape):
    ranks = ranks_of(384, **wrong)
    assert max(test.p_value for test in rank_tests(ranks, DRAWS, 8)) < 1e-6
    for counts in rank_counts(ranks, DRAWS, 4):
        assert {
            "ends": min(counts[[0, 3]]) > 1.3 * max(counts[[1, 2]]),
            "middle": max(counts[[0, 3]]) < 0.7 * min(counts[[1, 2]]),
            "low": counts[0] > 2 * counts[3],
        }[shape]


def test_ranks_that_cannot_be_even():
    with pytest.raises(InputError, match=r"divide num_draws \+ 1 = 10 .* got 4"):
        rank_counts(np.zeros((9, 1)), 9, 4)


HEADS = (
    "Bernoulli",
    "Categorical",
    "DiscretizedLogistic",
    "FullCovarianceGaussian",
    "NegativeBinomial",
    "ZeroInflated",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_uniform_under_itself(name):
    """A decoder that does not look at z: any posterior is then exact."""
    import vaex.likelihoods

    head = getattr(vaex.likelihoods, name).example((2,))
    model = VAE(
        encoder=MLPEncoder(hidden=()),
        posterior=DiagonalGaussian(1),
        prior=StandardGaussian(1),
        decoder=MLPDecoder(hidden=()),
        likelihood=head,
    )
    rows = {"x": np.full((4, 2), head.support.inside, np.float32)}
    init = {"params": KEY, "sample": KEY}
    random = np.random.default_rng(5)

    def blind(path, leaf):
        if path[1].key == "likelihood" and path[-1].key == "kernel":
            return np.zeros_like(leaf)
        return random.normal(size=leaf.shape).astype(np.float32)

    variables = quick_jit(model.init)(init, rows)
    variables = jax.tree_util.tree_map_with_path(blind, variables)

    def draw(variables, key):
        return model.apply(variables, np.zeros((600, 1)), method="decode").sample(
            seed=key
        )

    x = np.asarray(quick_jit(draw)(variables, KEY), np.float32)
    compiled = quick_jit(make_predictive_pit(model, Identity()))
    options = {"num_samples": DRAWS, "block_size": 100}
    found = estimate(compiled, variables, jax.random.key(3), {"x": x}, **options)
    for column in (*found["pit"].T, *found["statistics"].T):
        # Six values for each of six heads: the least of 36 is above 1e-4 with 0.995.
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    assert len(np.unique(x)) > 1
