"""Mixture priors and the learned Gaussian, against scipy; and how they start."""

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from tests.contracts.compiled import quick_jit
from tests.models.parts import EVENT, LATENT, vae
from tests.models.running import B, S, batch_of, run, start
from vaex.errors import InputError
from vaex.priors.gaussian_mixture import GaussianMixture
from vaex.priors.learned_gaussian import LearnedGaussian
from vaex.priors.vamp_prior import VampPrior

K = 5
Z = np.random.default_rng(3).normal(size=(7, LATENT)).astype(np.float32)


def variables_of(prior):
    shapes = jax.eval_shape(lambda: prior.init(jax.random.key(0), None))
    generator = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: generator.normal(size=leaf.shape).astype(np.float32), shapes
    )


def softplus(x):
    return np.logaddexp(0.0, np.asarray(x, np.float64))


def normals(z, loc, scale):
    return stats.norm.logpdf(np.asarray(z, np.float64), loc, scale).sum(-1)


def test_a_learned_gaussian_is_scipys():
    prior = LearnedGaussian(LATENT, min_scale=0.1)
    variables = variables_of(prior)
    params = variables["params"]
    expected = normals(Z, params["loc"], 0.1 + softplus(params["raw_scale"]))
    actual = prior.apply(variables, None).log_prob(Z)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_a_mixture_is_the_weighted_sum_of_scipys():
    prior = GaussianMixture(LATENT, num_components=K, min_scale=0.1)
    variables = variables_of(prior)
    params = variables["params"]
    each = normals(Z[:, None], params["loc"], 0.1 + softplus(params["raw_scale"]))
    log_weights = special.log_softmax(params["logits"].astype(np.float64))
    expected = special.logsumexp(each + log_weights, axis=-1)
    actual = prior.apply(variables, None).log_prob(Z)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_a_mixture_starts_with_components_that_differ():
    prior = GaussianMixture(2000, num_components=2, spread=3.0)
    params = prior.init(jax.random.key(0), None)["params"]
    # Of 4000 draws: the standard error of their spread is 3 / sqrt(8000).
    assert np.std(params["loc"]) == pytest.approx(3.0, abs=0.15)
    scales = 1e-4 + softplus(params["raw_scale"])
    np.testing.assert_allclose(scales, 1.0, rtol=1e-6)
    assert (params["logits"] == 0).all()


def test_vamp_prior_is_the_mean_of_the_pseudo_inputs_posteriors():
    model, batch = vae(prior=VampPrior(LATENT, (EVENT,), K)), batch_of()
    variables = start(model, batch)

    @quick_jit
    def everything():
        def both(model):
            u = variables["params"]["prior"]["pseudo_inputs"]
            q = model.encode({"x": u}).distribution
            return q.loc, q.scale, model.prior_distribution().log_prob(Z)

        return model.apply(variables, method=both)

    loc, scale, actual = everything()
    each = normals(Z[:, None], np.asarray(loc), np.asarray(scale))
    expected = special.logsumexp(each, axis=-1) - np.log(K)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    assert run(model, batch, variables, split=True).log_pz.shape == (S, B)


def test_pseudo_inputs_start_around_the_mean_of_the_data():
    mean, std = np.array([[5.0, -2.0]]), np.array([[0.0, 2.0]])
    prior = VampPrior(1, (1, 2), 4000, 0.5, mean, std)

    def encode(x):
        flat = x.reshape(len(x), -1)[:, :1]
        return distrax.Independent(distrax.Normal(flat, jnp.ones_like(flat)), 1)

    u = prior.init(jax.random.key(0), encode)["params"]["pseudo_inputs"]
    assert u.shape == (4000, 1, 2)
    assert u.dtype == jnp.float32
    # Standard errors of 4000 draws: 1 / sqrt(4000) of the mean, 0.7 of that of the
    # spread; four of each.
    np.testing.assert_allclose(u.mean(0), mean, atol=0.064)
    np.testing.assert_allclose(u.std(0), 0.5 * std, atol=0.045)


def test_what_a_prior_cannot_do_is_refused():
    with pytest.raises(InputError, match="num_components must be at least 1, got 0"):
        GaussianMixture(2, num_components=0)
    with pytest.raises(InputError, match="spread must be above 0, got 0"):
        GaussianMixture(2, spread=0.0)
    with pytest.raises(InputError, match="num_pseudo_inputs must be at least 1"):
        VampPrior(2, num_pseudo_inputs=0)
    with pytest.raises(InputError, match="noise must be above 0, got 0"):
        VampPrior(2, noise=0.0)
    for kind in (LearnedGaussian, GaussianMixture):
        with pytest.raises(InputError, match="min_scale must lie between .*got 2"):
            kind(2, min_scale=2.0)
    model = vae(prior=VampPrior(LATENT, (EVENT,), K))
    with pytest.raises(InputError, match="VampPrior has no pseudo-inputs for cond"):
        start(model, batch_of(condition=np.zeros((B, 2), np.float32)))
    with pytest.raises(InputError, match="VampPrior needs `encode`"):
        VampPrior(2, (2,)).init(jax.random.key(0), None)
