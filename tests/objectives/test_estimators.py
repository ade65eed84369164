"""Mean gradients of iwae, by estimator, on probabilistic PCA with a wrong posterior."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest

from tests.objectives.test_learned_parts import SHIFT, STRETCH, slopes
from tests.oracles.ppca import LATENT, ppca
from vaex.bounds import estimators
from vaex.io.construction import construct
from vaex.objectives.importance_weighted import iwae

DRAWS = 1000
MIN_SCALE = 1e-4


@functools.cache
def found(name, num_samples):
    """[DRAWS, L, 2] gradients of the loss for q's mean and raw scale (biases)."""
    estimator = getattr(estimators, name)
    objective = functools.partial(iwae, num_samples=num_samples, estimator=estimator)
    _, gradient = slopes(objective, rows=16, keys=DRAWS)
    bias = gradient["model"]["posterior"]["projection"]["bias"]
    return bias.astype(np.float64).reshape(DRAWS, LATENT, 2)


def z_scores(samples, expected):
    error = samples.std(0, ddof=1) / np.sqrt(len(samples))
    return np.abs(samples.mean(0) - expected) / error


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["reparameterised", "sticking_the_landing", "doubly_reparameterised"]
)
def test_one_sample_gives_the_gradient_of_the_exact_divergence(name):
    """KL(q || p(z|x)) = (t^2 + d^2 - 1) / 2 - log t, t and d in exact scales."""
    oracle = ppca(SHIFT, STRETCH)
    q = oracle.model.apply(
        oracle.variables, {"x": jnp.asarray(oracle.x[:1])}, method="encode"
    )
    scale = np.asarray(q.distribution.scale, np.float64)[0]
    slope_of_scale = -np.expm1(-(scale - MIN_SCALE))  # of min_scale + softplus(raw)
    expected = np.stack(
        [
            SHIFT * STRETCH**2 / scale,
            (STRETCH**2 - 1.0) / scale * slope_of_scale,
        ],
        -1,
    )
    samples = found(name, 1)
    assert z_scores(samples, expected).max() < 4
    assert z_scores(samples, 0.0).min() > 8


@pytest.mark.slow
def test_vimco_agrees_with_the_reparameterised_gradient_in_the_mean():
    """Independent noise of two estimators: errors add in squares."""
    score, path = found("vimco", 4), found("reparameterised", 4)
    difference = score.mean(0) - path.mean(0)
    error = np.sqrt((score.var(0, ddof=1) + path.var(0, ddof=1)) / DRAWS)
    assert (np.abs(difference) < 4 * error).all()
    assert (np.abs(path.mean(0)) > 4 * error).any()


def test_an_estimator_is_chosen_by_its_import_path():
    path = "vaex.bounds.estimators.doubly_reparameterised"
    node = {
        "_target_": "vaex.objectives.importance_weighted.iwae",
        "_partial_": True,
        "estimator": path,
    }
    objective = construct(node, "objective", {})
    assert objective.keywords["estimator"] is estimators.doubly_reparameterised


@pytest.mark.slow
def test_the_posteriors_gradient_falls_with_the_samples_as_its_noise_does_not():
    """Signal to noise: falls for the bound's own estimator, not for DReG."""

    def ratio(name, num_samples):
        samples = found(name, num_samples)[..., 0]
        return np.abs(samples.mean(0) / samples.std(0)).mean()

    assert ratio("reparameterised", 16) < 0.7 * ratio("reparameterised", 1)
    assert ratio("doubly_reparameterised", 16) > ratio("reparameterised", 16)
