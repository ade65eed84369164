"""Blame by hiding features: a sum that is the score, the chain rule, the culprit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.anomaly import exact, scoring
from tests.anomaly.test_attribution import SIZE, table
from tests.oracles.ppca import ppca
from vaex.anomaly.named_scores import score_named
from vaex.anomaly.negative_log_marginal import NegativeLogMarginal
from vaex.anomaly.occlusion import SUMS, hidden_together, occlusion_parts
from vaex.anomaly.reconstruction_probability import ReconstructionProbability
from vaex.anomaly.scorer import Scorer
from vaex.errors import InputError
from vaex.likelihoods.composite import Composite
from vaex.likelihoods.full_covariance_gaussian import FullCovarianceGaussian
from vaex.likelihoods.gaussian import Gaussian
from vaex.likelihoods.one_hot_categorical import OneHotCategorical
from vaex.preparations.identity import Identity
from vaex.preparations.standardize import Standardize


def test_parts_sum_to_the_score_and_hidden_cells_have_none():
    scorer, x = scoring.reconstruction(), exact.rows()[:12].copy()
    x[3, 1] += 50
    mask = np.ones(x.shape, bool)
    mask[5, :4] = False
    mask[6, 2] = False
    told = []
    rows = {"x": x, "mask": mask}
    parts = occlusion_parts(scorer, rows, lambda *done: told.append(done))
    assert told == [(i + 1, 12) for i in range(12)]
    np.testing.assert_allclose(parts.sum(1), scorer(rows).value, rtol=1e-6, atol=1e-5)
    assert (parts[~mask] == 0).all()
    assert parts[3].argmax() == 1
    again = occlusion_parts(scorer, {"x": x[[3, 0]]})
    assert again.tobytes() == parts[[3, 0]].tobytes()
    x[3, 1] = 1e30  # the score overflows with it, and not without
    infinite = occlusion_parts(scorer, {"x": x[[3]]})[0]
    assert infinite[1] == np.inf
    assert np.isfinite(np.delete(infinite, 1)).all()


@pytest.mark.slow
def test_of_log_p_it_is_the_chain_rule():
    """The first part is -log p(x_d | rest), known where x is Gaussian.

    Data of mean 0, so that a hidden cell looks like its mean, and a wide q(z|x).
    """
    oracle = ppca(0.0, 3.0)
    linear = exact.numbers(oracle.variables, oracle.x)
    params = jax.tree.map(jnp.copy, oracle.variables["params"])
    q, p = (params[name]["projection"] for name in ("posterior", "likelihood"))
    moved = np.asarray(q["bias"]) + np.asarray(p["bias"]) @ np.asarray(q["kernel"])
    q["bias"], p["bias"] = jnp.asarray(moved), jnp.zeros(6)
    x = oracle.x[:40] - linear.bias.astype(np.float32)
    first = np.arange(40) % 6
    x[np.arange(40), first] += 6 * x.std(0)[first]  # found to be the oddest
    score = NegativeLogMarginal()
    scorer = Scorer(
        oracle.model, {"params": params}, Identity(), score, num_samples=1024
    )
    parts = occlusion_parts(scorer, {"x": x})
    covariance = linear.weights @ linear.weights.T + linear.noise**2 * np.eye(6)
    assert (parts.argmax(1) == first).mean() > 0.9
    expected = []
    for row, d in enumerate(first):
        rest = [i for i in range(6) if i != d]
        whole = stats.multivariate_normal(cov=covariance).logpdf(x[row])
        few = stats.multivariate_normal(cov=covariance[np.ix_(rest, rest)])
        expected.append(few.logpdf(x[row, rest]) - whole)
    error = parts[np.arange(40), first] - expected
    # Monte-Carlo, with weights of q that was not made for hidden cells.
    assert np.median(np.abs(error)) < 0.1
    assert (np.abs(error) < 0.5).mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reconstruction", "elbo"])
def test_the_planted_feature_is_the_culprit(name):
    """In 95 % of rows at least, whichever it is; in units of the data too."""
    model, variables, x = table()
    x = x[:96].copy()
    place, rows = np.arange(96) % SIZE, np.arange(96)
    x[rows, place] += np.where(rows % 3, 10, -10) * x.std(0)[place]
    larger = Standardize(np.zeros(SIZE, np.float32), np.full(SIZE, 4.0, np.float32))
    scorer = Scorer(model, variables, larger, score_named(name), num_samples=32)
    found = occlusion_parts(scorer, {"x": 4 * x})
    assert (found.argmax(1) == place).mean() >= 0.95
    np.testing.assert_allclose(found.sum(1), scorer({"x": 4 * x}).value, rtol=1e-5)


def test_what_is_scored_together_is_hidden_together():
    fields = {
        "size": {"columns": [0, 4], "head": Gaussian((2,))},
        "kind": {"columns": "1:4", "head": OneHotCategorical((3,))},
    }
    assert hidden_together(Composite((5,), fields=fields)) == [[0], [1, 2, 3], [4]]
    assert hidden_together(FullCovarianceGaussian((2,))) == [[0], [1]]
    assert hidden_together(OneHotCategorical((2, 2))) == [[0, 1], [2, 3]]


def test_what_cannot_be_explained_so():
    model = exact.model().model
    assert set(SUMS) < {"reconstruction", "log_mean_density", "elbo", "log_marginal", 1}
    scorer = Scorer(model, {}, Identity(), score_named("error"))
    with pytest.raises(InputError, match="score must be one of .*got 'error'"):
        occlusion_parts(scorer, {"x": np.zeros((1, 6))})
    wide = model.clone(likelihood=Gaussian((300,)))
    scorer = Scorer(wide, {}, Identity(), ReconstructionProbability())
    with pytest.raises(InputError, match="at most 256, got 300"):
        occlusion_parts(scorer, {"x": np.zeros((1, 300))})
