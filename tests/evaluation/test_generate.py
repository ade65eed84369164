"""Reconstructions, prior samples and decoded means: shapes, units, conditions."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.evaluation.variables import random_variables
from tests.oracles.ppca import ppca
from vaex.evaluation import generate
from vaex.evaluation.generate import (
    decode_mean,
    decode_samples,
    encode_samples,
    reconstruct,
    sample_prior,
)
from vaex.likelihoods.bernoulli import Bernoulli
from vaex.likelihoods.binomial import Binomial
from vaex.likelihoods.categorical import Categorical
from vaex.likelihoods.gaussian import Gaussian
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.preparations.binarize import Binarize
from vaex.preparations.identity import Identity
from vaex.preparations.levels import Levels
from vaex.preparations.standardize import Standardize
from vaex.priors.standard_gaussian import StandardGaussian

EVENT, LATENT = (4, 5), 2


@functools.cache
def built(likelihood, condition_dim=0):
    """A VAE, its variables and rows of 17 levels, perhaps with a condition."""
    model = VAE(
        encoder=MLPEncoder(hidden=(8,)),
        posterior=DiagonalGaussian(LATENT),
        prior=StandardGaussian(LATENT),
        decoder=MLPDecoder(hidden=(8,)),
        likelihood=likelihood,
    )
    generator = np.random.default_rng(0)
    rows = {"x": generator.integers(0, 17, (6, *EVENT), np.uint8)}
    if condition_dim:
        condition = generator.normal(size=(6, condition_dim))
        rows["condition"] = condition.astype(np.float32)
    batch = {name: jnp.asarray(values, jnp.float32) for name, values in rows.items()}
    return model, random_variables(model, batch), rows


binomial = functools.partial(Binomial, event_shape=EVENT, total_count=16)


def test_reconstructions_are_intensities_beside_their_originals():
    model, variables, rows = built(binomial())
    x, output, z = reconstruct(model, variables, Levels(17), jax.random.key(0), rows)
    assert x.shape == output.shape == (6, *EVENT)
    assert z.shape == (6, LATENT)
    np.testing.assert_allclose(x, rows["x"] / 16, rtol=1e-6)
    assert ((output > 0) & (output < 1)).all()
    assert output.dtype == np.float32
    decoded = decode_mean(model, variables, Levels(17), z)
    np.testing.assert_allclose(decoded, output, rtol=1e-5)


def test_reconstructions_decode_the_posterior_mean():
    oracle = ppca()
    _, output, z = reconstruct(
        oracle.model, oracle.variables, Identity(), jax.random.key(0), {"x": oracle.x}
    )
    q = nn.apply(lambda bound: bound.encode({"x": oracle.x}), oracle.model)(
        oracle.variables
    )
    np.testing.assert_allclose(z, q.mean(), atol=1e-5)
    head = oracle.variables["params"]["likelihood"]["projection"]
    np.testing.assert_allclose(output, z @ head["kernel"] + head["bias"], atol=1e-5)


@pytest.mark.slow
def test_samples_of_the_oracle_have_its_moments():
    """Probabilistic PCA: x ~ N(bias, W W' + scale^2), here 4000 draws."""
    oracle = ppca()
    x, mean, z = sample_prior(
        oracle.model, oracle.variables, Identity(), jax.random.key(0), 4000
    )
    params = oracle.variables["params"]["likelihood"]
    kernel, bias = params["projection"]["kernel"], params["projection"]["bias"]
    np.testing.assert_allclose(mean, z @ kernel + bias, atol=1e-5)
    covariance = kernel.T @ kernel + 0.4**2 * np.eye(6)
    z_score = (x.mean(0) - bias) / np.sqrt(np.diag(covariance) / 4000)
    assert np.abs(z_score).max() < 4
    # Sample covariances have standard errors below 5 here / sqrt(4000 / 2).
    assert np.abs(np.cov(x.T) - covariance).max() < 4 * 5 / np.sqrt(2000)
    assert np.abs((x - mean).std(0) - 0.4).max() < 4 * 0.4 / np.sqrt(8000)


def test_units_are_those_of_the_data():
    mean, std = np.full(EVENT, 100.0), np.full(EVENT, 20.0)
    model, variables, rows = built(Gaussian(event_shape=EVENT))
    preparation = Standardize(mean, std)
    args = (model, variables, preparation)
    x, output, z = reconstruct(*args, jax.random.key(0), rows)
    np.testing.assert_allclose(x, rows["x"], atol=1e-4)
    inner = decode_mean(model, variables, Identity(), z)
    np.testing.assert_allclose(output, 100.0 + 20.0 * inner, rtol=1e-5)
    x, mean, z = sample_prior(*args, jax.random.key(3), 6)
    inner = decode_mean(model, variables, Identity(), z)
    np.testing.assert_allclose(mean, 100.0 + 20.0 * inner, rtol=1e-5)
    assert 1.0 < (x - mean).std() < 100.0


def test_samples_depend_on_the_key_alone():
    model, variables, _ = built(Bernoulli(event_shape=EVENT))

    def draw(seed):
        return sample_prior(model, variables, Levels(2), jax.random.key(seed), 5)

    x, mean, z = draw(0)
    assert x.shape == mean.shape == (5, *EVENT)
    assert z.shape == (5, LATENT)
    assert set(np.unique(x)) == {0.0, 1.0}
    for one, two, other in zip((x, mean, z), draw(0), draw(1), strict=True):
        assert one.tobytes() == two.tobytes()
        assert (one != other).any()


def test_rows_and_draws_do_not_depend_on_how_many_there_are(monkeypatch):
    model, variables, rows = built(Bernoulli(event_shape=EVENT))
    monkeypatch.setattr(generate, "BLOCK", 4)
    args = (model, variables, Binarize(17))
    several = reconstruct(*args, jax.random.key(0), rows)
    few = reconstruct(*args, jax.random.key(0), {"x": rows["x"][:5]})
    drawn = sample_prior(*args, jax.random.key(0), 6)
    fewer = sample_prior(*args, jax.random.key(0), 3)
    for one, two in zip((*several, *drawn), (*few, *fewer), strict=True):
        assert len(one) == 6
        assert one[: len(two)].tobytes() == two.tobytes()
    assert (several[0][0] != several[0][4]).any()  # blocks have keys of their own
    assert (drawn[2][:2] != drawn[2][4:]).all()
    means = decode_mean(*args, drawn[2])
    np.testing.assert_allclose(means, drawn[1], rtol=1e-5)


def test_a_second_call_with_the_same_parts_compiles_nothing():
    model, variables, rows = built(Bernoulli(event_shape=EVENT))
    traces = []

    class Counting(Levels):
        def inverse(self, x):
            traces.append(1)
            return super().inverse(x)

    counting = Counting(17)
    z = np.zeros((3, LATENT), np.float32)
    one = decode_mean(model, variables, counting, z)
    doubled = jax.tree.map(lambda leaf: 2 * leaf, variables)
    other = decode_mean(model, doubled, counting, z[:2])
    assert len(traces) == 1
    assert (one[:2] != other).any()
    decode_mean(model, variables, Counting(17), z)
    assert len(traces) == 2


def test_class_labels_are_shown_by_their_mode():
    head = Categorical(event_shape=EVENT, num_classes=17)
    model, variables, rows = built(head)
    _, output, z = reconstruct(model, variables, Levels(17), jax.random.key(0), rows)
    levels = decode_mean(model, variables, Levels(17), z) * 16
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-5)
    np.testing.assert_allclose(output * 16, levels, atol=1e-5)


@pytest.mark.slow
def test_a_condition_reaches_encoder_and_decoder():
    model, variables, rows = built(Gaussian(event_shape=EVENT), 3)
    args = (model, variables, Levels(17))
    x, output, z = reconstruct(*args, jax.random.key(0), rows)
    assert x.shape == output.shape == (6, *EVENT)
    np.testing.assert_allclose(
        decode_mean(*args, z, rows["condition"]), output, rtol=1e-5
    )
    other = decode_mean(*args, z, rows["condition"] + 1.0)
    assert (np.abs(other - output) > 1e-3).any()
    x, mean, z = sample_prior(*args, jax.random.key(0), 6, rows["condition"])
    assert x.shape == (6, *EVENT)
    np.testing.assert_allclose(
        decode_mean(*args, z, rows["condition"]), mean, rtol=1e-5
    )


class NoMean(DiagonalGaussian):
    """A posterior whose mean is not known in closed form."""

    def distribution(self, loc, raw_scale):
        q = super().distribution(loc, raw_scale)
        return type("NoMean", (type(q),), {"mean": _unknown})(
            q.distribution, q.reinterpreted_batch_ndims
        )


def _unknown(self):
    raise NotImplementedError


def test_a_posterior_without_a_mean_is_sampled():
    model, variables, rows = built(binomial())
    model = model.clone(posterior=NoMean(LATENT))
    args = (model, variables, Levels(17))
    one, two, again = (
        reconstruct(*args, jax.random.key(seed), rows)[2] for seed in (0, 1, 0)
    )
    assert (one != two).all()
    assert (one == again).all()


@pytest.mark.slow
def test_draws_of_the_aggregate_posterior_are_those_of_the_posteriors():
    """z - E[z|x] of every row, in units of its posterior's scale, is N(0, 1)."""
    oracle = ppca()
    rows = {"x": np.repeat(oracle.x, 20, axis=0).astype(np.float32)}
    z = encode_samples(
        oracle.model, oracle.variables, Identity(), jax.random.key(0), rows
    )
    q = oracle.model.apply(oracle.variables, rows, method="encode")
    normal = (z - np.asarray(q.mean())) / np.sqrt(np.asarray(q.variance()))
    assert stats.kstest(normal.ravel(), "norm").pvalue > 1e-3
    x, mean = decode_samples(
        oracle.model, oracle.variables, Identity(), jax.random.key(1), z
    )
    assert x.shape == mean.shape == rows["x"].shape
    spread = (x - mean).std()
    assert abs(spread / 0.4 - 1) < 4.5 / np.sqrt(2 * x.size)
