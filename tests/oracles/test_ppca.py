"""The VAE, its bounds and its evaluation against probabilistic PCA."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.oracles.ppca import ppca
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.evaluation.estimates import estimate, make_estimate
from vaex.evaluation.summary import summarize
from vaex.objectives.evidence_lower_bound import elbo
from vaex.types import log_weights

# float32 log-densities of order 10 summed over six dimensions.
ROUNDING = 3e-5


def terms_of(oracle, num_samples, **options):
    return oracle.model.apply(
        oracle.variables,
        {"x": jnp.asarray(oracle.x)},
        num_samples=num_samples,
        train=False,
        rngs={"sample": jax.random.key(1)},
        method="terms",
        **options,
    )


def test_every_importance_weight_is_the_exact_likelihood():
    oracle = ppca()
    weights = log_weights(terms_of(oracle, 7))
    assert weights.shape == (7, 64)
    np.testing.assert_allclose(
        weights, np.broadcast_to(oracle.log_px, (7, 64)), atol=ROUNDING
    )


@pytest.mark.parametrize(("shift", "stretch"), [(0.0, 1.0), (0.7, 1.3)])
def test_closed_form_kl_is_exact_by_dimension(shift, stretch):
    oracle = ppca(shift, stretch)
    terms = terms_of(oracle, 2)
    assert terms.kl.shape == (1, 64, 3)
    np.testing.assert_allclose(terms.kl[0], oracle.kl, atol=1e-5)


def test_sampled_kl_agrees_with_closed_form():
    oracle = ppca(0.7, 1.3)
    sampled = oracle._replace(model=oracle.model.clone(closed_form_kl=False))
    kl = terms_of(sampled, 4000).kl
    error = kl.mean(0) - oracle.kl
    z_score = error / (kl.std(0) / np.sqrt(4000))
    # 192 cells: the largest of as many standard normals stays below 4.5 with
    # probability 0.999.
    assert np.abs(z_score).max() < 4.5


def test_bounds_are_ordered_and_tighten_towards_the_exact_likelihood():
    oracle = ppca(0.5, 1.5)
    weights = log_weights(terms_of(oracle, 4096))
    bounds = []
    for k in (1, 8, 64, 512):
        groups = weights.reshape(-1, k, 64).swapaxes(0, 1)
        values = importance_weighted_bound(groups.reshape(k, -1))
        bounds.append(float(values.mean()))
    exact = float(oracle.log_px.mean())
    assert bounds == sorted(bounds)
    assert bounds[-1] < exact + 0.01
    assert exact - bounds[-1] < 0.02 < exact - bounds[0]


def test_iwae_with_one_sample_is_the_sampled_elbo():
    oracle = ppca(0.5, 1.5)
    sampled = oracle._replace(model=oracle.model.clone(closed_form_kl=False))
    terms = terms_of(sampled, 1)
    bound = importance_weighted_bound(log_weights(terms))
    sampled_elbo = terms.log_px_z.mean(0) - terms.kl.sum(-1).mean(0)
    np.testing.assert_allclose(bound, sampled_elbo, atol=ROUNDING)


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_beta_changes_the_loss_by_exactly_the_rate_and_never_the_ledger(beta):
    oracle = ppca(0.5, 1.5)

    def objective(model):
        return elbo(model, {"x": jnp.asarray(oracle.x)}, train=False, beta=beta)

    from flax import linen as nn

    loss, metrics = nn.apply(objective, oracle.model)(
        oracle.variables, rngs={"sample": jax.random.key(1)}
    )
    rate = float(oracle.kl.sum(-1).mean())
    assert float(metrics["rate"]) == pytest.approx(rate, abs=1e-5)
    assert float(loss) == pytest.approx(
        float(metrics["distortion"]) + beta * rate, abs=1e-4
    )
    assert float(metrics["elbo"]) == pytest.approx(
        -float(metrics["distortion"]) - rate, abs=1e-4
    )


def prepared(key, stored):
    del key
    return stored


@pytest.mark.parametrize("num_samples", [1, 5, 8, 19])
def test_estimates_are_exact_for_any_number_of_samples(num_samples):
    oracle = ppca()
    compiled = jax.jit(make_estimate(oracle.model, prepared, 8))
    found = estimate(
        compiled,
        oracle.variables,
        jax.random.key(0),
        {"x": oracle.x},
        num_samples=num_samples,
        block_size=24,
    )
    np.testing.assert_allclose(found["log_px"], oracle.log_px, atol=ROUNDING)
    np.testing.assert_allclose(found["ess"], num_samples, rtol=1e-4)
    np.testing.assert_allclose(found["rate"], oracle.kl, atol=1e-5)
    results = summarize(
        found, num_samples=num_samples, num_elements=6, is_discrete=False
    )
    exact = -oracle.log_px.mean()
    assert results["nll"]["value"] == pytest.approx(exact, abs=ROUNDING)
    assert results["nll"]["se"] == pytest.approx(
        oracle.log_px.std(ddof=1) / 8, rel=1e-4
    )
    assert results["bits_per_dim"]["value"] is None


def test_estimates_are_the_same_bits_in_any_split_of_the_data():
    oracle = ppca(0.5, 1.5)
    compiled = jax.jit(make_estimate(oracle.model, prepared, 8))

    def run(x):
        return estimate(
            compiled,
            oracle.variables,
            jax.random.key(0),
            {"x": x},
            num_samples=20,
            block_size=16,
        )

    whole, part = run(oracle.x), run(oracle.x[:37])
    for name in whole:
        assert (whole[name][:37] == part[name]).all(), name


def test_wrong_posterior_gives_a_nll_above_and_an_elbo_below():
    oracle = ppca(0.5, 1.5)
    compiled = jax.jit(make_estimate(oracle.model, prepared, 64))
    found = estimate(
        compiled,
        oracle.variables,
        jax.random.key(0),
        {"x": oracle.x},
        num_samples=2048,
        block_size=64,
    )
    exact = oracle.log_px.mean()
    assert found["elbo"].mean() < found["log_px"].mean() < exact + 0.01
    assert exact - found["log_px"].mean() < 0.01
    assert (found["ess"] < 2048).all()
    assert (found["ess"] > 1).all()
