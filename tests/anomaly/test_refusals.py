"""What a model lacks is refused by name, with a way out, before anything compiles."""

import jax.numpy as jnp
import numpy as np
import pytest

from tests.evaluation.variables import random_variables
from vaex.anomaly.named_scores import score_named, score_names
from vaex.anomaly.scorer import Scorer
from vaex.errors import InputError
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.likelihoods.categorical import Categorical
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.deterministic import Deterministic
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.posteriors.full_covariance_gaussian import FullCovarianceGaussian
from vaex.posteriors.planar_flow import PlanarFlow
from vaex.preparations.binarize import Binarize
from vaex.preparations.identity import Identity
from vaex.priors.standard_gaussian import StandardGaussian

DENSITY = "needs log p.x|z., which the loss MeanSquaredError is not .*use score=error"
POSTERIOR = "needs log q.z|x., which posterior Deterministic does not have; train with"
GAUSSIAN = "optimises a diagonal Gaussian q.z|x., got posterior FullCovarianceGaussian"


def small(head, posterior=None):
    return VAE(
        encoder=MLPEncoder(hidden=(4,)),
        posterior=posterior or DiagonalGaussian(2),
        prior=StandardGaussian(2),
        decoder=MLPDecoder(hidden=(4,)),
        likelihood=head,
    )


@pytest.mark.parametrize(
    ("names", "model", "says"),
    [
        (
            "reconstruction log_mean_density elbo log_marginal typicality regret",
            small(MeanSquaredError((3,))),
            DENSITY,
        ),
        (
            "elbo log_marginal typicality regret",
            small(Bernoulli((3,)), Deterministic(2)),
            POSTERIOR,
        ),
        ("regret", small(Bernoulli((3,)), FullCovarianceGaussian(2)), GAUSSIAN),
    ],
)
def test_a_part_that_is_missing(names, model, says):
    for name in names.split():
        with pytest.raises(InputError, match=f"score={name} {says}"):
            Scorer(model, {}, Identity(), score_named(name))


def test_scores_that_want_training_data_say_so():
    model = small(Bernoulli((3,)))
    for name in ("mahalanobis", "typicality"):
        with pytest.raises(InputError, match=rf"score={name} takes .*\.fit\(model"):
            Scorer(model, {}, Identity(), score_named(name))
    with pytest.raises(InputError, match="score=ratio needs a background model"):
        Scorer(model, {}, Identity(), score_named("ratio"))
    needs = {name for name, kind in score_names().items() if kind.needs_fit}
    assert needs == {"mahalanobis", "typicality", "ratio"}


@pytest.mark.parametrize(
    ("name", "model", "says"),
    [
        pytest.param(
            "error",
            small(Categorical((3,), num_classes=4)),
            "Categorical has no mean",
            marks=pytest.mark.slow,
        ),
        ("mahalanobis", small(Bernoulli((3,)), PlanarFlow(2)), "PlanarFlow does not"),
    ],
)
def test_a_mean_that_is_missing(name, model, says):
    """Found when the program is traced."""
    x = np.zeros((2, 3), np.float32)
    variables = random_variables(model, {"x": jnp.zeros((1, 3))})
    score = score_named(name)

    def use():
        fitted = score.fit(model, variables, Identity(), {"x": x})
        Scorer(model, variables, Identity(), fitted)({"x": x})

    with pytest.raises(InputError, match=f"score={name} .*{says}"):
        use()


@pytest.mark.slow
def test_a_code_without_noise_has_no_error():
    """A deterministic posterior: every draw is the same."""
    model = small(Bernoulli((3,)), Deterministic(2))
    variables = random_variables(model, {"x": jnp.zeros((1, 3))})
    x = np.random.default_rng(0).integers(0, 2, (5, 3))
    for name in ("reconstruction", "log_mean_density", "error"):
        found = Scorer(model, variables, Identity(), score_named(name))({"x": x})
        assert (found.se < 1e-6).all()
        assert np.isfinite(found.value).all()


@pytest.mark.slow
def test_what_a_preparation_draws_belongs_to_the_row():
    """Levels that are binarised: the same bits for the same row, other bits else."""
    model = small(Bernoulli((12,)))
    variables = random_variables(model, {"x": jnp.zeros((1, 12))})
    x = np.random.default_rng(0).integers(0, 256, (9, 12)).astype(np.uint8)
    score = score_named("reconstruction")
    scorer = Scorer(model, variables, Binarize(256), score, block_size=4)
    whole = scorer({"x": x})
    assert (scorer({"x": x[::-1]}).value[::-1] == whole.value).all()
    assert (scorer({"x": x.astype(np.float64)}).value == whole.value).all()
    two = x.copy()
    two[:, 0] ^= 1
    assert (scorer({"x": two}).value != whole.value).all()
