"""k-hat on tails whose index is known, and on the weights of the estimates."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from tests.evaluation.compiled import KEY, compiled, prepared, sampled
from tests.oracles.ppca import ppca
from vaex.evaluation.estimates import estimate
from vaex.evaluation.pareto_tail import (
    fit_generalised_pareto,
    pareto_k,
    reliable_below,
    tail_size,
)
from vaex.evaluation.smoothed_weights import smoothed_log_mean, summarize_smoothed
from vaex.evaluation.tail_weights import make_tail_weights, summarize_tails


def likelihood(x, k, sigma):
    return stats.genpareto.logpdf(x, k, scale=sigma).sum()


@pytest.mark.parametrize("k", [-0.4, 0.0, 0.3, 0.7, 1.5])
def test_the_fit_finds_the_shape_and_the_scale_of_draws(k):
    """Within the asymptotic error of an efficient estimate, (1 + k) / sqrt(M)."""
    generator = np.random.default_rng(5)
    x = np.sort(
        stats.genpareto.rvs(k, scale=3.0, size=(40, 400), random_state=generator)
    )
    found, sigma = fit_generalised_pareto(x)
    error = (1 + k) / np.sqrt(400)
    assert abs(found.mean() - k) < 4 * error / np.sqrt(40) + 1 / 400  # bias O(1 / M)
    assert found.std() < 1.5 * error + 0.02
    assert sigma.mean() == pytest.approx(3.0, rel=0.05)


def test_the_fit_is_near_the_maximum_of_scipys_likelihood():
    x = np.sort(stats.genpareto.rvs(0.6, size=300, random_state=1))
    (k,), (sigma,) = fit_generalised_pareto(x[None])
    best, _, scale = stats.genpareto.fit(x, floc=0)
    # A posterior mean differs from a mode by less than half a standard error.
    assert abs(k - best) < 0.5 * (1 + k) / np.sqrt(300)
    assert likelihood(x, best, scale) - likelihood(x, k, sigma) < 0.25


def by_the_definition(x):
    """Zhang and Stephens' estimate of k and sigma for one sample, sum by sum."""
    x, n = np.sort(x), len(x)
    m = 30 + int(n**0.5)
    quartile = x[int(n / 4 + 0.5) - 1]
    theta = [1 / x[-1] + (1 - (m / (j - 0.5)) ** 0.5) / (3 * quartile)
             for j in range(1, m + 1)]  # fmt: skip

    def profile(t):
        k = -np.mean([np.log(1 - t * v) for v in x])
        return n * (np.log(t / k) + k - 1)

    values = [profile(t) for t in theta]
    weights = [1 / sum(np.exp(other - own) for other in values) for own in values]
    t = sum(w * v for w, v in zip(weights, theta, strict=True))
    k = np.mean([np.log(1 - t * v) for v in x])
    return k, -k / t


def test_k_hat_by_hand():
    log_w = np.random.default_rng(2).normal(0.0, 2.0, 150)
    largest = np.sort(log_w)[::-1][: tail_size(150) + 1]
    size = len(largest) - 1
    assert size == 30
    weights = np.exp(largest)  # any scale will do
    k, sigma = by_the_definition(weights[:-1] - weights[-1])
    expected = (size * k + 10 * 0.5) / (size + 10)
    assert pareto_k(largest[None])[0] == pytest.approx(expected, rel=1e-9)
    shifted = pareto_k(largest[None, ::-1] - 500.0)[0]
    assert shifted == pytest.approx(expected, rel=1e-9)
    # Smoothed: ranks of the tail by scipy's quantiles, the others as they are.
    ranks = (np.arange(1, size + 1) - 0.5) / size
    tail = weights[-1] + stats.genpareto.ppf(ranks, expected, scale=sigma)
    assert tail[-1] > weights[0] > tail[-2]  # one is cut
    others = np.sort(np.exp(log_w))[:-size]
    mean = (np.minimum(tail, weights[0]).sum() + others.sum()) / 150
    rest = logsumexp(np.sort(log_w)[: -size - 1])
    for move in (0.0, -500.0):
        found = smoothed_log_mean(largest[None] + move, np.array([rest + move]), 150)
        assert found[0] == pytest.approx(np.log(mean) + move, rel=1e-9)


def test_what_has_no_tail_is_not_smoothed():
    generator = np.random.default_rng(4)
    flat = generator.uniform(0, 5e-5, 128)
    few = np.where(np.arange(128) < 9, generator.normal(size=128), -np.inf)
    log_w = np.stack([flat, few, np.full(128, -np.inf), np.where(flat > 0, flat, 0)])
    log_w[3, 5] = np.nan
    ordered = -np.sort(-log_w, axis=1)  # NaN last
    ordered[3] = np.roll(ordered[3], 1)
    rest = logsumexp(ordered[:, 27:], axis=1)
    found = smoothed_log_mean(ordered[:, :27], rest, 128)
    plain = logsumexp(log_w[:2], axis=1) - np.log(128)
    np.testing.assert_allclose(found[:2], plain, rtol=1e-12)
    assert np.isneginf(found[2])
    assert np.isnan(found[3])
    entry = summarize_smoothed(ordered[:, :27], rest, found, 128)
    assert entry["reason"] == "not finite for 2 of 4 examples"
    entry = summarize_smoothed(
        ordered[:2, :27], rest[:2], plain - 0.5, 128, log_det=3.0
    )
    assert entry["value"] == pytest.approx(-plain.mean() - 3.0)
    assert entry["less_nll"]["value"] == pytest.approx(-0.5)
    assert summarize_smoothed(ordered, rest, found, 20)["value"] is None


def test_what_cannot_be_fitted():
    equal = np.full((1, 27), -90.0) + np.linspace(0, 5e-5, 27)
    broken = np.where(np.arange(27) == 3, np.inf, np.zeros((1, 27)))
    k = pareto_k(np.concatenate([equal, broken]))
    assert k[0] == 0.0
    assert np.isnan(k[1])
    one_is_all = np.r_[0.0, np.full(26, -900.0) - np.arange(26)]
    assert pareto_k(one_is_all[None])[0] > 1
    with pytest.raises(ValueError, match="at least 6 log-weights"):
        pareto_k(np.zeros((1, 5)))
    assert summarize_tails(np.zeros((2, 5)), 20)["reason"] == (
        "needs 25 importance samples, got 20"
    )
    assert "1 of 2" in summarize_tails(np.concatenate([equal, broken]), 128)["reason"]
    assert summarize_tails(None, 128, "no prior")["reason"] == "no prior"


def test_sizes_and_thresholds_are_those_of_the_paper():
    assert [tail_size(k) for k in (25, 100, 1000, 10000)] == [5, 20, 95, 300]
    assert reliable_below(100) == 0.5
    assert reliable_below(10**4) == 0.7


@pytest.mark.slow
def test_the_tail_is_kept_exactly_whatever_the_chunks():
    """K = 50 in chunks of 4, the last of which counts for two samples."""
    import jax

    oracle, num = sampled(), 3
    function = jax.jit(make_tail_weights(oracle.model, prepared, 4, 50))
    options = {"num_samples": 50, "block_size": 3}
    data = {"x": oracle.x[:num]}
    tails = estimate(function, oracle.variables, KEY, data, **options)
    found = tails["largest"]
    every = jax.jit(make_tail_weights(oracle.model, prepared, 4, 300))  # keeps all 50
    whole = estimate(every, oracle.variables, KEY, data, **options)
    all_of_them = whole["largest"]
    assert all_of_them.shape[1] > 50
    assert np.isneginf(all_of_them[:, 50:]).all()
    assert np.isfinite(all_of_them[:, :50]).all()
    np.testing.assert_array_equal(found, all_of_them[:, :11])
    assert (np.diff(found, axis=1) <= 0).all()
    rest = logsumexp(all_of_them[:, 11:], axis=1)
    np.testing.assert_allclose(tails["rest"], rest, rtol=1e-5)
    assert np.isneginf(whole["rest"]).all()
    # They are the weights of the estimates: same sum, same effective size.
    known = estimate(compiled(oracle.model, 4), oracle.variables, KEY, data, **options)
    log_px = logsumexp(all_of_them, axis=1) - np.log(50)
    np.testing.assert_allclose(log_px, known["log_px"], rtol=1e-5)
    ess = np.exp(2 * logsumexp(all_of_them, 1) - logsumexp(2 * all_of_them, 1))
    np.testing.assert_allclose(ess, known["ess"], rtol=1e-4)


@pytest.mark.slow
def test_smoothing_brings_each_example_nearer_and_their_mean_no_nearer():
    """By ten draws of a q(z|x) that is too narrow, against the exact log p(x)."""
    import jax

    oracle, size = ppca(0.0, 0.7), 128
    function = jax.jit(make_tail_weights(oracle.model, prepared, size, size))
    errors = []
    for seed in range(10):
        found = estimate(
            function, oracle.variables, jax.random.key(seed), {"x": oracle.x},
            num_samples=size, block_size=64,
        )  # fmt: skip
        tails = (found["largest"], found["rest"])
        plain = np.logaddexp(logsumexp(tails[0], axis=1), tails[1]) - np.log(size)
        both = np.stack([plain, smoothed_log_mean(*tails, size)])
        errors.append(both - oracle.log_px)
    plain, smoothed = np.concatenate(errors, 1)
    assert 0.3 < np.median(pareto_k(found["largest"])) < 0.7
    for gain in (np.abs(plain) - np.abs(smoothed), plain**2 - smoothed**2):
        assert gain.mean() > 3 * gain.std() / np.sqrt(gain.size)
    assert np.sqrt((smoothed**2).mean()) < 0.9 * np.sqrt((plain**2).mean())
    # What heavy tails have beyond their largest draw smoothing leaves out.
    lost = plain - smoothed
    assert lost.mean() > 3 * lost.std() / np.sqrt(lost.size)


def test_the_sentence_says_how_many_and_what_to_do():
    generator = np.random.default_rng(0)
    light = np.sort(generator.uniform(size=(3, 68)))
    heavy = generator.pareto(0.8, size=(1, 68))  # k = 1.25
    few = np.log(np.concatenate([light, heavy]))
    found = summarize_tails(few, 512)
    assert found["above_0.7"] == 0.25
    assert found["largest"] > 0.7 > found["value"]
    assert "above 0.7 for 25.0% of the examples" in found["meaning"]
    assert "can be trusted" in summarize_tails(few[:3], 512)["meaning"]
