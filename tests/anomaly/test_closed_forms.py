"""Every score against its closed form, and the coverage of its error."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.anomaly import exact, scoring
from tests.evaluation.variables import random_variables
from tests.oracles.ppca import ppca
from vaex.anomaly.latent_mahalanobis import LatentMahalanobis
from vaex.anomaly.likelihood_ratio import LikelihoodRatio
from vaex.anomaly.likelihood_regret import LikelihoodRegret
from vaex.anomaly.log_mean_density import LogMeanDensity
from vaex.anomaly.named_scores import score_named, score_names
from vaex.anomaly.negative_elbo import NegativeELBO
from vaex.anomaly.negative_log_marginal import NegativeLogMarginal
from vaex.anomaly.reconstruction_error import ReconstructionError
from vaex.anomaly.scorer import Scorer
from vaex.anomaly.typicality import Typicality
from vaex.errors import InputError
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.preparations.binarize import Binarize
from vaex.preparations.identity import Identity
from vaex.preparations.standardize import Standardize

LEVELS = (0.5, 0.9, 0.95)


def check(found, expected) -> None:
    """Intervals of value +- se hold the exact number as often as they say.

    600 rows with independent draws: shares within 4 standard errors of a share, and the
    mean standardised deviation within 4 of 0, each with probability 0.9999; 0.01 more
    for the t distribution that errors of few draws give, and for skewness.
    """
    covered(found, expected)
    # No error is so large that this says nothing.
    assert found.se.mean() < 0.5 * np.std(expected)


def covered(found, expected) -> None:
    deviation = (found.value - expected) / found.se
    size = np.sqrt(len(expected))
    assert abs(deviation.mean()) < 4 / size + 0.15  # skewed draws bias z, not value
    for level in LEVELS:
        inside = (np.abs(deviation) < stats.norm.ppf((1 + level) / 2)).mean()
        assert abs(inside - level) < 4 * np.sqrt(level * (1 - level)) / size + 0.01


def variables() -> dict:
    return exact.model().variables


def test_reconstruction_probability_and_its_parts():
    x = exact.rows()
    found, expected = scoring.reconstruction()({"x": x}), exact.reconstruction
    parts = expected(variables(), x)
    check(found, parts.sum(1))
    np.testing.assert_allclose(found.attribution.sum(1), found.value, rtol=1e-6)
    error = found.attribution - parts
    assert (np.abs(error.mean(0)) < 4 * error.std(0) / np.sqrt(len(x))).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (LogMeanDensity(), exact.log_mean_density),
        (NegativeELBO(), exact.elbo),
        (NegativeLogMarginal(), exact.log_marginal),
    ],
)
def test_scores_in_nats(score, expected):
    found = scoring.of(score, num_samples=256)({"x": exact.rows()})
    check(found, expected(variables(), exact.rows()))
    assert found.attribution is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "expected"),
    [("squared", exact.squared_error), ("absolute", exact.absolute_error)],
)
def test_reconstruction_errors(kind, expected):
    found = scoring.of(ReconstructionError(kind))({"x": exact.rows()})
    parts = expected(variables(), exact.rows())
    check(found, parts.sum(1))
    np.testing.assert_allclose(found.attribution.sum(1), found.value, rtol=1e-6)


@pytest.mark.slow
def test_regret_is_the_gap_to_the_true_posterior():
    """Which is a Gaussian with a diagonal covariance here: the best q is exact.

    Where q(z|x) is near it, exactly it, and far away.
    """
    x, scorer = exact.rows()[:200], scoring.of(LikelihoodRegret(), num_samples=512)
    for shift, stretch in ((0.3, 1.3), (0.0, 1.0), (10.0, 0.5)):
        other = ppca(shift, stretch).variables
        scorer.variables = other
        found = scorer({"x": x})
        expected = exact.elbo(other, x) - exact.log_marginal(other, x)
        if shift:
            assert expected.min() > 0.1
            covered(found, expected)
        else:  # nothing to gain: draws that are 0 but for what is left of a step
            np.testing.assert_allclose(expected, 0.0, atol=1e-4)
            assert (np.abs(found.value) < 4 * found.se + 1e-3).all()
    assert (scorer({"x": x[11:4:-1]}).value == found.value[11:4:-1]).all()


@pytest.mark.slow
def test_mahalanobis_of_the_codes():
    x = exact.rows()
    score = LatentMahalanobis().fit(
        exact.model().model, variables(), Identity(), {"x": x[:200]}
    )
    found = scoring.of(score)({"x": x})
    codes = exact.numbers(variables(), x).mean
    off = codes - codes[:200].mean(0)
    inverse = np.linalg.inv(np.cov(codes[:200].T))
    expected = 0.5 * np.einsum("ni,ij,nj->n", off, inverse, off)
    # float32 codes, whitened.
    np.testing.assert_allclose(found.value, expected, rtol=2e-4, atol=1e-5)
    assert (found.se == 0).all()
    assert (found.num_samples == 0).all()
    # Codes that differ by their rounding only are no directions.
    flat = jax.tree.map(jnp.copy, variables())
    flat["params"]["posterior"]["projection"]["kernel"] *= 1e-9
    parts = (exact.model().model, flat, Identity())
    flat_score = LatentMahalanobis().fit(*parts, {"x": x[:200]})
    assert flat_score.whitener.shape[1] == 0


@pytest.mark.slow
def test_typicality_is_the_distance_from_the_entropy():
    """Exact -log p and H give the score; H is fitted on the first 300 rows."""
    x, kind = exact.rows(), Typicality(num_samples=256)
    score = kind.fit(exact.model().model, variables(), Identity(), {"x": x[:300]})
    exact_nats = exact.log_marginal(variables(), x)
    assert abs(score.entropy - exact_nats[:300].mean()) < 0.03
    found = scoring.of(score, num_samples=256)({"x": x})
    expected = np.abs(exact_nats - exact_nats[:300].mean())
    clear = expected > 1.0  # the absolute value folds what is nearer
    assert clear.sum() > 200
    deviation = (found.value - expected)[clear] / found.se[clear]
    assert abs((np.abs(deviation) < 1.96).mean() - 0.95) < 0.06


@pytest.mark.slow
def test_ratio_of_two_linear_models():
    """The background is the same network with more noise: both densities are known."""
    x, other = exact.rows(), ppca(0.1, 1.6)
    head = dict(other.variables["params"]["likelihood"])
    head["raw_scale"] = head["raw_scale"] + 1.0
    wider = {"params": {**other.variables["params"], "likelihood": head}}
    found = scoring.of(
        LikelihoodRatio(other.model, wider, Identity()), num_samples=256
    )({"x": x})
    expected = exact.log_marginal(variables(), x) - exact.log_marginal(wider, x)
    check(found, expected)


@pytest.mark.slow
def test_both_models_of_a_ratio_see_the_bits_that_were_drawn():
    """Of grey levels: against itself a model's ratio is 0, within its error."""
    levels = np.random.default_rng(0).integers(0, 256, (40, 6)).astype(np.uint8)
    model = exact.model().model.clone(likelihood=Bernoulli((6,)))
    zeros = jax.tree.map(
        jnp.zeros_like, random_variables(model, {"x": jnp.zeros((1, 6))})
    )
    zeros["params"]["likelihood"]["projection"]["bias"] += 3.0  # 3 nats a bit
    parts = (model, zeros, Binarize(256))
    found = Scorer(*parts, LikelihoodRatio(*parts))({"x": levels})
    assert (np.abs(found.value) < 5 * found.se).all()
    assert found.se.mean() < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reconstruction", "log_marginal"])
def test_densities_are_in_the_unit_of_the_data(name):
    """Data of ten times the size, standardised back: D log 10 nats more, in all."""
    x, size = exact.rows()[:20], exact.rows().shape[1]
    oracle, score = exact.model(), score_named(name)
    scale = np.full(size, 8.0, np.float32)  # exact in float32
    larger = Standardize(np.zeros(size, np.float32), scale)
    kind = type(scoring.of(score))
    found = kind(oracle.model, oracle.variables, larger, score)({"x": 8 * x})
    plain = kind(oracle.model, oracle.variables, Identity(), score)({"x": x})
    extra = found.value - plain.value - size * np.log(8.0)
    # Other bytes, other draws.
    assert (np.abs(extra) < 5 * np.hypot(found.se, plain.se)).all()
    if found.attribution is not None:
        np.testing.assert_allclose(found.attribution.sum(1), found.value, rtol=1e-5)


@functools.cache
def names():
    return score_names()


def test_scores_are_found_by_name():
    assert set(names()) == {
        "reconstruction",
        "log_mean_density",
        "elbo",
        "log_marginal",
        "error",
        "mahalanobis",
        "regret",
        "typicality",
        "ratio",
    }
    with pytest.raises(InputError, match="score must be one of .*, got 'mse'"):
        score_named("mse")
