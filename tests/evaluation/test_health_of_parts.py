"""Every head and every posterior is measured, or says why it is not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

import vaex.likelihoods
import vaex.posteriors
from tests.evaluation.health import KEY, measured, vae
from tests.evaluation.variables import random_variables
from vaex.evaluation.latent_health import (
    Reasons,
    make_health,
    summarize_health,
)
from vaex.likelihoods.base import Likelihood
from vaex.likelihoods.gaussian import Gaussian
from vaex.posteriors.base import Posterior
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.identity import Identity


def parts_of(package, base):
    """Names of the public subclasses of a folder's base."""
    found = {name: getattr(package, name) for name in dir(package)}
    return [
        name
        for name, part in found.items()
        if isinstance(part, type) and issubclass(part, base) and part is not base
    ]


HEADS = parts_of(vaex.likelihoods, Likelihood)
POSTERIORS = parts_of(vaex.posteriors, Posterior)
SCALED = set(
    "DiscretizedLogistic Gaussian Laplace LogNormal Logistic LogitNormal "
    "OptimalSigmaGaussian PerDimensionScaleGaussian SharedScaleGaussian "
    "SigmoidGaussian StudentT TruncatedNormal Weibull".split()
)
"""Heads whose elements have a scale that is predicted or learned."""


class SilentPrior(nn.Module):
    """Without a density, so that it goes with any posterior."""

    has_density = False
    is_factorized = True

    def __call__(self, encode, condition=None):
        return None


@pytest.mark.slow
@pytest.mark.parametrize("name", HEADS)
def test_every_head_is_measured_or_says_why_not(name):
    """Shapes alone: nothing is compiled."""
    head = getattr(vaex.likelihoods, name).example((4,))
    model = vae(DiagonalGaussian(2), head)
    batch = {"x": jnp.zeros((1, 4))}
    shapes = jax.eval_shape(
        make_health(model, Identity()),
        random_variables(model, batch),
        KEY,
        {"x": np.zeros((3, 4), np.float32)},
        np.arange(3),
    )
    results = summarize_health(
        {key: np.ones(value.shape) for key, value in shapes.items()},
        np.ones(3),
        Reasons.of(model),
        is_normalized=head.is_normalized,
        min_scale=head.min_scale,
    )
    assert results["mutual_information"]["value"] == 1.0
    for entry in results.values():
        assert entry["value"] is not None or len(entry["reason"]) > 10
    assert (results["shuffle_gap"]["value"] is None) == head.couples_batch
    has_scale = name in SCALED
    assert (results["scale_at_floor"]["value"] is not None) == has_scale


@pytest.mark.slow
@pytest.mark.parametrize("name", POSTERIORS)
def test_every_posterior_is_measured_or_says_why_not(name):
    kind = getattr(vaex.posteriors, name)
    posterior = getattr(kind, "example", kind)(3)
    model = vae(posterior, Gaussian, prior=SilentPrior())
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    variables = random_variables(model, {"x": jnp.zeros((1, 4))})
    found, _ = measured(model, variables, {"x": x})
    assert found["loss"].shape == (5,)
    known = posterior.has_density and posterior.has_inverse
    assert ("information" in found) == known
    if known:
        assert (found["information"] <= np.log(5) + 1e-6).all()
    entry = summarize_health(found, None, Reasons.of(model))["mutual_information"]
    assert known or "the posterior" in entry["reason"]
