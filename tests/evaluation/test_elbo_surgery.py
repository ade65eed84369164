"""The surgery, against every pair written out and against the linear-Gaussian limit."""

import functools

import jax
import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from tests.evaluation.compiled import KEY, prepared
from tests.oracles.ppca import ppca
from vaex.evaluation.elbo_surgery import make_surgery, operate, summarize_surgery

NUM, CHOSEN = 50, np.array([3, 49, 0, 7, 20, 31, 8])


@functools.cache
def found(block_size=16):
    oracle = ppca(0.5, 1.5)
    blocks = []
    result = operate(
        make_surgery(oracle.model, prepared),
        oracle.variables,
        KEY,
        {"x": oracle.x[:NUM]},
        CHOSEN,
        block_size=block_size,
        on_block=blocks.append,
    )
    return result, blocks


def posterior(oracle):
    """Mean [N, L] and scale [L] of q(z|x), from the parameters."""
    projection = oracle.variables["params"]["posterior"]["projection"]
    kernel = np.asarray(projection["kernel"], np.float64)
    bias = np.asarray(projection["bias"], np.float64)
    loc = oracle.x[:NUM] @ kernel[:, ::2] + bias[::2]
    return loc, np.logaddexp(0.0, bias[1::2]) + 1e-4


@pytest.mark.slow
def test_every_component_counts_once_whatever_the_block():
    oracle, (result, blocks) = ppca(0.5, 1.5), found()
    assert blocks == [16, 32, 48, 50]
    from vaex.numerics import named_fold

    loc, scale = posterior(oracle)
    for place, row in enumerate(CHOSEN):
        key = named_fold(jax.random.fold_in(KEY, row), "surgery")
        noise = np.asarray(jax.random.normal(key, (1, 1, 3)))[0, 0]
        q = oracle.model.apply(
            oracle.variables, {"x": oracle.x[row : row + 1]}, method="encode"
        )
        z = np.asarray(q.sample(seed=key), np.float64)[0]
        np.testing.assert_allclose(z, loc[row] + scale * noise, atol=1e-4)
        every = stats.norm(loc, scale).logpdf(z).sum(-1)
        expected = every[row] - (logsumexp(every) - np.log(NUM))
        # float32 log-densities of order 10.
        assert result["information"][place] == pytest.approx(expected, abs=1e-4)
        ratio = every[row] - stats.norm.logpdf(z).sum()
        assert result["log_ratio"][place] == pytest.approx(ratio, abs=1e-4)
    assert result["information"].max() <= np.log(NUM)


@pytest.mark.slow
def test_the_block_changes_nothing():
    other, _ = found(50)
    for name, values in found()[0].items():
        np.testing.assert_allclose(other[name], values, atol=2e-5, err_msg=name)


@pytest.mark.slow
def test_rate_is_information_plus_marginal_kl():
    """On all rows; and for a wrong posterior the parts are those of the Gaussian."""
    oracle = ppca(0.5, 1.5)
    result = operate(
        make_surgery(oracle.model, prepared),
        oracle.variables,
        KEY,
        {"x": oracle.x},
        np.arange(64),
        block_size=64,
    )
    rate = _kl(oracle)
    parts = summarize_surgery(result, rate, 64)
    one, two = parts["mutual_information"], parts["marginal_kl"]
    rest = parts["remainder"]
    assert 0 < one["value"] < one["ceiling"] == np.log(64)
    assert one["value"] + two["value"] + rest["value"] == pytest.approx(rate.mean())
    assert abs(rest["value"]) < 4 * rest["se"] < 1.0


def _kl(oracle):
    q = oracle.model.apply(oracle.variables, {"x": oracle.x}, method="encode")
    loc, scale = np.asarray(q.mean(), np.float64), np.asarray(q.stddev(), np.float64)
    return (0.5 * (loc**2 + scale**2 - 1) - np.log(scale)).sum(1)


def test_what_cannot_be_taken_apart_says_why():
    information = {"information": np.full(3, np.log(8) - 0.1)}
    parts = summarize_surgery(information, None, 8)
    assert parts["mutual_information"]["is_saturated"]
    assert parts["marginal_kl"]["reason"] == "the prior has no density"
    both = information | {"log_ratio": np.full(3, 2.5)}
    parts = summarize_surgery(both, np.full(3, 2.5), 8, is_conditional=True)
    assert "condition" in parts["marginal_kl"]["reason"]
    parts = summarize_surgery(both, np.full(3, 2.75), 8)
    assert parts["remainder"]["value"] == pytest.approx(0.25)
    assert parts["marginal_kl"]["value"] == pytest.approx(2.6 - np.log(8))
