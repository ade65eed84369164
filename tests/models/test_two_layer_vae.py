"""The model with two layers: exact on a linear-Gaussian one, and what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.contracts.compiled import quick_jit
from tests.models.parts import (
    EVENT,
    DropoutDecoder,
    NormalizedDecoder,
    NormalizedEncoder,
)
from tests.models.running import B, S, batch_of, some, start, terms_of
from tests.oracles import linear_two_layers as exact
from tests.oracles.linear_two_layers import exact_bound, linear_two_layers
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.likelihoods.gaussian import Gaussian
from vaex.models.two_layer_vae import TwoLayerVAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.types import log_weights

LOWER, UPPER = 3, 2


def two_layers(**changes):
    parts = {
        "encoder": MLPEncoder(hidden=(3,)),
        "lower_posterior": DiagonalGaussian(LOWER),
        "upper_encoder": MLPDecoder(hidden=(3,)),
        "posterior": DiagonalGaussian(UPPER),
        "prior": StandardGaussian(UPPER),
        "upper_decoder": MLPDecoder(hidden=(3,)),
        "conditional_prior": DiagonalGaussian(LOWER),
        "decoder": MLPDecoder(hidden=(3,)),
        "likelihood": Gaussian((EVENT,)),
    }
    return TwoLayerVAE(**(parts | changes))


def shapes(model, **options):
    """Nothing is compiled: variables as shapes, and what a verb gives of them."""
    batch, key = batch_of(), jax.random.key(0)

    def traced():
        variables = model.init({"params": key, "sample": key}, batch)
        return terms_of(model, variables, batch, **options)

    return jax.eval_shape(traced)


# A linear-Gaussian model, where every number is known.


def oracle_terms(oracle, num_samples):
    """Terms of the oracle, compiled."""

    @quick_jit
    def compiled(variables):
        batch = {"x": oracle.x}
        return terms_of(oracle.model, variables, batch, num_samples=num_samples)

    return jax.device_get(compiled(oracle.variables))


def test_at_the_exact_posterior_every_weight_is_the_marginal_likelihood():
    oracle = linear_two_layers()
    terms = oracle_terms(oracle, S)
    # Sums of five log-densities of order 10, in float32.
    np.testing.assert_allclose(
        log_weights(terms), np.tile(oracle.log_px, (S, 1)), atol=2e-5
    )
    assert terms.z[0].shape == (S, 16, exact.LOWER)
    assert terms.z[1].shape == (S, 16, exact.UPPER)


def test_the_exact_bound_of_the_oracle_is_tight_at_its_exact_posterior():
    oracle = linear_two_layers()
    parts = exact_bound(oracle.variables["params"], oracle.x)
    np.testing.assert_allclose(parts.elbo, oracle.log_px, atol=1e-5)


@pytest.mark.slow
def test_a_wrong_posterior_has_the_bounds_and_rates_of_the_closed_forms():
    oracle = linear_two_layers(0.3, 1.3)
    plain = oracle_terms(oracle, 4000)
    parts = exact_bound(oracle.variables["params"], oracle.x)
    weights = np.asarray(log_weights(plain), np.float64)
    found = {
        "distortion": (-plain.log_px_z, parts.distortion),
        "z1": (plain.kl[..., 0], parts.rate1),
        "z2": (plain.kl[..., 1], parts.rate2),
        "elbo": (weights, parts.elbo),
    }
    for name, (samples, expected) in found.items():
        samples = np.asarray(samples, np.float64)
        error = samples.std(0) / np.sqrt(len(samples))
        # The largest of 16 standard normals stays below 4 with probability 0.999.
        assert np.abs((samples.mean(0) - expected) / error).max() < 4, name
    bounds = [weights.mean()]
    for k in (8, 80):
        groups = weights.reshape(k, -1)
        bounds.append(float(importance_weighted_bound(jnp.asarray(groups)).mean()))
    assert bounds[0] + 0.5 < bounds[1] < bounds[2] < oracle.log_px.mean() + 0.02
    assert oracle.log_px.mean() - bounds[2] < 0.25


def test_the_prior_is_the_joint_gaussian_of_both_layers():
    oracle = linear_two_layers()

    def draw(model, key):
        p = model.prior_distribution()
        z = p.sample(seed=key, sample_shape=(3000,))
        return z, p.log_prob(z), model.decode(z).mean()

    def compiled(key):
        return oracle.model.apply(oracle.variables, key, method=draw)

    (z1, z2), log_prob, mean = jax.device_get(quick_jit(compiled)(jax.random.key(0)))
    cross = exact.A
    covariance = np.block([[exact.COVARIANCE1, cross], [cross.T, np.eye(exact.UPPER)]])
    loc = np.concatenate([exact.LOC1, np.zeros(exact.UPPER)])
    joint = stats.multivariate_normal(loc, covariance)
    z = np.concatenate([z1, z2], 1)
    np.testing.assert_allclose(log_prob, joint.logpdf(z), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(mean, z1 @ exact.B.T + exact.LOC, rtol=1e-4, atol=1e-5)
    white = np.linalg.solve(np.linalg.cholesky(covariance), (z - loc).T)
    assert np.abs(white.mean(1)).max() * np.sqrt(3000) < 4
    # Entries of a sample covariance of whitened draws have variance 1/N, diagonal 2/N.
    assert np.abs(np.cov(white) - np.eye(5)).max() * np.sqrt(3000 / 2) < 4.5


# What a split computation keeps.


@pytest.mark.slow
def test_a_split_has_the_same_values_and_the_whole_gradient():
    """d log w = d (log p - log q at frozen z) + d path, sample by sample."""
    model, batch = two_layers(), batch_of()
    variables = start(model, batch)
    weights = jnp.asarray(some(S, B, seed=3))

    def loss(params, split):
        terms = terms_of(model, {"params": params}, batch, split=split)
        path = terms.aux.pop("path", 0.0)
        return (weights * (log_weights(terms) + path)).sum(), terms

    @quick_jit
    def both(params):
        slope = jax.grad(loss, has_aux=True)
        return slope(params, False), slope(params, True)

    (whole, plain), (summed, split) = both(variables["params"])
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6),
        plain,
        split,
    )
    jax.tree.map(
        # Differences of slopes of order 100, in float32.
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4),
        whole,
        summed,
    )
    assert all(np.abs(leaf).max() > 1e-3 for leaf in jax.tree.leaves(whole))


def test_batch_statistics_and_noise_of_every_network_are_taken_once():
    model = two_layers(
        encoder=NormalizedEncoder(),
        upper_encoder=NormalizedDecoder(),
        upper_decoder=DropoutDecoder(),
        decoder=NormalizedDecoder(),
    )
    batch = batch_of()
    variables = start(model, batch)

    @quick_jit
    def both(variables):
        options = {"mutable": ["batch_stats"], "train": True}
        return [
            terms_of(model, variables, batch, split=split, **options)
            for split in (False, True)
        ]

    (plain, once), (split, again) = both(variables)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), once, again)
    np.testing.assert_allclose(split.log_px_z, plain.log_px_z, rtol=1e-5)
    np.testing.assert_allclose(split.log_qz_x, plain.log_qz_x, rtol=1e-4, atol=1e-5)
    first = variables["params"]["upper_encoder"]["first"]
    features = np.asarray(plain.z[0]) @ first["kernel"] + first["bias"]
    np.testing.assert_allclose(
        again["batch_stats"]["upper_encoder"]["norm"]["mean"],
        0.01 * features.mean((0, 1)),
        rtol=1e-4,
    )


# What reaches which part.


def test_conditions_and_masks_reach_every_part_and_a_step_traces_once():
    model = two_layers()
    mask = np.ones((B, EVENT), bool)
    mask[0, 1] = mask[2, :] = False
    x = np.where(mask, some(B, EVENT), np.nan).astype(np.float32)
    batch = {"x": x, "mask": mask, "condition": some(B, 5, seed=1)}
    variables, traces = start(model, batch), []
    for name, inputs in {
        "encoder": EVENT,
        "upper_encoder": LOWER,
        "upper_decoder": UPPER,
        "decoder": LOWER,
    }.items():
        kernel = variables["params"][name]["stack"]["Dense_0"]["kernel"]
        assert len(kernel) == inputs + 5, name

    @quick_jit
    def compiled(variables, batch):
        traces.append(1)
        return terms_of(model, variables, batch)

    before = compiled(variables, batch)
    assert np.isfinite(before.log_px_z).all()
    assert (before.log_px_z[:, 2] == 0).all()
    other = batch["condition"].copy()
    other[1] += 1.0
    after = compiled(variables, batch | {"condition": other})
    assert len(traces) == 1
    for name in ("log_px_z", "log_pz", "log_qz_x"):
        changed = (getattr(before, name) != getattr(after, name)).all(0)
        assert changed.tolist() == [False, True, False], name


@pytest.mark.slow
def test_a_posterior_that_is_passed_on_is_encoded_once():
    model, batch = two_layers(encoder=NormalizedEncoder()), batch_of()
    variables = start(model, batch)

    def reuse(model, batch, **options):
        q = model.encode(batch, train=True)
        return model.terms(batch, num_samples=S, train=True, posterior=q)

    @quick_jit
    def both(variables):
        options = {"mutable": ["batch_stats"], "train": True}
        return [
            terms_of(model, variables, batch, method=method, **options)
            for method in ("terms", reuse)
        ]

    whole, reused = both(variables)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), whole, reused
    )
