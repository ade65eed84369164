"""Evaluation of a model with two layers of latent variables, on an exact one."""

import jax
import numpy as np
import pytest
from scipy import stats

from tests.contracts.compiled import quick_jit
from tests.oracles import linear_two_layers as exact
from tests.oracles.linear_two_layers import gaussian_of, linear_two_layers
from vaex.cli import _console
from vaex.errors import InputError
from vaex.evaluation.aggregate_draws import draw_aggregate
from vaex.evaluation.estimates import estimate, kl_form, make_estimate
from vaex.evaluation.generate import encode_samples, reconstruct, sample_prior
from vaex.evaluation.summary import summarize
from vaex.preparations.identity import Identity


def means(oracle):
    """Exact means of z1 and z2 under q(z1|x) q(z2|z1), [N, L] each."""
    params = oracle.variables["params"]
    kernel, bias, _ = gaussian_of(params["lower_posterior"]["projection"], exact.LOWER)
    lower = oracle.x @ kernel + bias
    kernel, bias, _ = gaussian_of(params["posterior"]["projection"], exact.UPPER)
    return lower, lower @ kernel + bias


@pytest.mark.slow
def test_estimates_of_layers_are_those_of_the_exact_model():
    oracle = linear_two_layers()
    compiled = quick_jit(make_estimate(oracle.model, Identity(), 8))

    def found(num_samples):
        return estimate(
            compiled,
            oracle.variables,
            jax.random.key(0),
            {"x": oracle.x},
            num_samples=num_samples,
            block_size=12,
        )

    estimates = found(83)
    # Sums of five log-densities of order 10, in float32.
    np.testing.assert_allclose(estimates["log_px"], oracle.log_px, atol=3e-5)
    np.testing.assert_allclose(estimates["ess"], 83, rtol=1e-4)
    assert estimates["rate"].shape == (16, 2)
    for layer, expected in enumerate(means(oracle)):
        error = np.sqrt(estimates["posterior_mean_variance"][layer])
        score = (estimates["posterior_mean"][layer] - expected) / error
        # About 50 scores of 83 samples: of unit variance, none beyond 4.
        assert np.abs(score).max() < 4
        assert 0.6 < score.std() < 1.5
    results = summarize(estimates, num_samples=83, num_elements=5, is_discrete=False)
    assert results["nll"]["value"] == pytest.approx(-oracle.log_px.mean(), abs=3e-5)
    assert len(results["active_units"]["by_layer"]) == 2
    assert results["active_units"]["of"] == exact.LOWER + exact.UPPER
    assert not np.isfinite(found(1)["posterior_mean_variance"][0]).any()
    assert estimates["log_px"].shape == (16,)
    rows = {"x": oracle.x[:1]}
    form = kl_form(oracle.model, Identity(), oracle.variables, rows)
    assert form == "single-sample estimate"


@pytest.mark.slow
def test_prior_samples_come_with_both_layers():
    oracle = linear_two_layers()
    args = (oracle.model, oracle.variables, Identity(), jax.random.key(0))
    samples, mean, (z1, z2) = sample_prior(*args, 300)
    assert samples.shape == mean.shape == (300, exact.EVENT)
    assert (z1.shape, z2.shape) == ((300, exact.LOWER), (300, exact.UPPER))
    np.testing.assert_allclose(mean, z1 @ exact.B.T + exact.LOC, rtol=1e-4, atol=1e-5)


def test_estimates_have_the_means_of_both_layers():
    """Shapes alone, nothing is compiled; the values are tested in the slow tier."""
    oracle = linear_two_layers()
    rows, index = {"x": oracle.x[:2]}, np.arange(2, dtype=np.int32)
    estimates = jax.eval_shape(
        make_estimate(oracle.model, Identity(), 8),
        oracle.variables,
        jax.random.key(0),
        rows,
        index,
        np.int32(3),
    )
    assert estimates["rate"].shape == (2, 2)
    for name in ("posterior_mean", "posterior_mean_variance"):
        layers = [layer.shape for layer in estimates[name]]
        assert layers == [(2, exact.LOWER), (2, exact.UPPER)]


def test_reconstructions_are_those_of_the_means_of_both_layers():
    oracle = linear_two_layers()
    args = (oracle.model, oracle.variables, Identity(), jax.random.key(0))
    x, output, z = reconstruct(*args, {"x": oracle.x})
    np.testing.assert_array_equal(x, oracle.x)
    for found, expected in zip(z, means(oracle), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        output, z[0] @ exact.B.T + exact.LOC, rtol=1e-4, atol=1e-5
    )
    with pytest.raises(InputError, match="those of TwoLayerVAE have 2 layers"):
        encode_samples(*args, {"x": oracle.x})


@pytest.mark.slow
def test_draws_of_both_layers_are_those_of_posterior_and_prior():
    oracle = linear_two_layers()
    rows = {"x": np.repeat(oracle.x, 50, axis=0)}
    args = (oracle.model, oracle.variables, Identity(), jax.random.key(0))
    layers = draw_aggregate(*args, rows)
    assert [layer.prior.shape for layer in layers] == [(800, 3), (800, 2)]
    for layer, expected in zip(layers, means(oracle), strict=True):
        draws = layer.posterior.reshape(16, 50, -1)
        score = (draws.mean(1) - expected) / (draws.std(1) / np.sqrt(50))
        assert np.abs(score).max() < 4.5  # Student's, of 49 degrees
    assert stats.kstest(layers[1].prior.ravel(), "norm").pvalue > 1e-3


def test_active_units_are_printed_by_layer(capsys):
    layers = (np.eye(4)[:, :2], np.zeros((4, 3)))
    estimates = {"distortion": np.ones(4), "posterior_mean": layers}
    results = summarize(
        estimates,
        num_samples=8,
        num_elements=2,
        is_discrete=True,
        kl_groups=("z1", "z2"),
    )
    _console.show_results({"split": "test", **results})
    assert "active units, 2 z1 + 0 z2" in capsys.readouterr().out
