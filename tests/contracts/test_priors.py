"""What every prior must do; new files in vaex/priors are found."""

import functools
from typing import Any

import jax
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.contracts.integration import nodes
from tests.contracts.latents import LATENT, PRIORS, encode, off_sum, prior
from vaex import support
from vaex.errors import InputError

S = 4000

every_prior = pytest.mark.parametrize("kind", PRIORS, ids=lambda kind: kind.__name__)
every_density = pytest.mark.parametrize(
    "kind",
    [kind for kind in PRIORS if kind.has_density],
    ids=lambda kind: kind.__name__,
)


def grid(kind) -> tuple[np.ndarray, np.ndarray]:
    """Nodes [V, L] of the space, and their weights [V]."""
    if "sphere" in (kind.space or ""):
        angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
        points = np.stack([np.cos(angles), np.sin(angles)], -1)
        return points, np.full(400, 2 * np.pi / 400)
    if "one-hot" in (kind.space or ""):
        return np.eye(LATENT), np.ones(LATENT)
    if "simplex" in (kind.space or ""):
        x, weights = nodes(support.open_unit_interval, 301)
        return np.stack([x, 1 - x], -1), weights
    x, weights = nodes(support.real, 301)
    kept = np.abs(x) < 1e6
    x, weights = x[kept], weights[kept]
    points = np.stack(np.meshgrid(x, x, indexing="ij"), -1).reshape(-1, LATENT)
    return points, np.outer(weights, weights).reshape(-1)


@functools.cache
def computed(kind) -> dict[str, Any]:
    """Samples and densities, in one program."""
    module, variables = prior(kind)

    @quick_jit
    def everything(key, points):
        p = module.apply(variables, encode)
        assert p.event_shape == (LATENT,)
        assert p.batch_shape == ()
        found = {"z": p.sample(seed=key, sample_shape=(S, 3))}
        if kind.has_density:
            z, log_prob = p.sample_and_log_prob(seed=key, sample_shape=(S,))
            found |= {"many": z, "log_prob": log_prob, "again": p.log_prob(z)}
            found["grid"] = p.log_prob(points)
            slopes = jax.grad(lambda z: p.log_prob(z).sum())(1e3 * z)
            found["slopes"] = slopes
        return found

    return jax.device_get(everything(jax.random.key(0), grid(kind)[0]))


@every_prior
def test_samples_have_the_latent_shape(kind):
    z = computed(kind)["z"]
    assert z.shape == (S, 3, LATENT)
    assert z.dtype == np.float32
    assert np.isfinite(z).all()


@every_density
def test_samples_have_the_density_that_is_stated(kind):
    found = computed(kind)
    assert found["log_prob"].shape == (S,)
    assert np.isfinite(found["log_prob"]).all()
    np.testing.assert_allclose(found["log_prob"], found["again"], rtol=1e-4, atol=1e-4)
    assert not np.isnan(found["slopes"]).any()


@every_density
def test_total_mass_is_one_and_samples_follow_the_density(kind):
    found, (_, weights) = computed(kind), grid(kind)
    log_prob = found["grid"].astype(np.float64)
    prob = weights * np.exp(log_prob)
    assert prob.sum() == pytest.approx(1.0, abs=1e-4)
    expected = (prob * np.where(prob > 0, log_prob, 0.0)).sum()
    at_samples = found["log_prob"].astype(np.float64)
    se = at_samples.std(ddof=1) / np.sqrt(S)
    # A constant density has no standard error: what is left is rounding.
    assert abs(at_samples.mean() - expected) < 4.5 * se + 1e-6


@every_density
def test_a_factorized_prior_is_a_sum_over_dimensions(kind):
    module, variables = prior(kind)

    @quick_jit
    def log_prob(z):
        return module.apply(variables, encode).log_prob(z)

    if module.num_groups == LATENT:
        assert off_sum(log_prob) < 1e-3


@every_density
def test_parameters_receive_gradients(kind):
    module, variables = prior(kind)

    def loss(variables):
        return module.apply(variables, encode).log_prob(np.ones((3, LATENT))).sum()

    slopes = quick_jit(jax.grad(loss))(variables)
    for slope in jax.tree.leaves(slopes):
        assert np.isfinite(slope).all()
        assert (slope != 0).any()


@every_prior
def test_a_prior_refuses_what_cannot_work(kind):
    with pytest.raises(InputError, match="latent_dim must be at least 1, got 0"):
        kind(latent_dim=0)
