"""Joint Gaussian heads: far-out parameters, hidden cells, and clean distributions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from vaex.likelihoods.full_covariance_gaussian import FullCovarianceGaussian
from vaex.likelihoods.low_rank_gaussian import LowRankGaussian

D = 3
every_head = pytest.mark.parametrize(
    "head",
    [FullCovarianceGaussian((D,)), LowRankGaussian((D,), rank=2)],
    ids=lambda head: type(head).__name__,
)


def elements(head, raw):
    return head.apply({}, None, raw=raw, method="elements")


def ordinary(head, count):
    return np.random.default_rng(0).normal(size=(count, *head.raw_shape)).astype("f4")


@pytest.mark.slow
@every_head
def test_far_out_raw_numbers_have_numbers_for_value_and_gradient(head):
    random = np.random.default_rng(0)
    raw = random.choice([-1e4, 0.0, 1e4], (40, *head.raw_shape)).astype(np.float32)
    raw[0], raw[1] = -1e4, 1e4
    x = random.choice([-1e4, 0.0, 1e4], (40, D)).astype(np.float32)
    masks = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 1], [0, 0, 0]], bool)

    def score(raw, x, mask):
        return head.apply({}, raw, x, mask, method=direct)

    def direct(module, raw, x, mask):
        found = module.elements(None, raw=raw)
        return module.score(found, x, mask, train=True)

    @quick_jit
    def everything(raw, x):
        whole = jax.vmap(jax.value_and_grad(lambda r, x: score(r, x, None)))(raw, x)
        part = jax.vmap(jax.value_and_grad(score), (0, 0, None))
        return whole, [part(raw, x, mask) for mask in masks]

    for value, slope in [(found := everything(raw, x))[0], *found[1]]:
        assert np.isfinite(value).all()
        assert not np.isnan(slope).any()
    value, slope = found[1][-1]
    np.testing.assert_allclose(value, 0.0, atol=1e-6)
    assert (slope == 0).all()


@every_head
def test_samples_have_the_stated_covariance(head, getkey):
    raw = ordinary(head, 2)
    count = 40_000

    @quick_jit
    def everything(key):
        p = elements(head, raw)
        x = p.sample(seed=key, sample_shape=count)
        return x, p.log_prob(x), p.entropy(), p.variance()

    x, log_prob, entropy, variance = everything(getkey())
    assert x.shape == (count, 2, D)
    # The standard error of a variance of normal numbers is sqrt(2 / N) times it.
    spread = np.asarray(x, np.float64).var(0)
    assert np.abs(spread / variance - 1).max() < 4.5 * np.sqrt(2 / count)
    # Log-densities of a D-dimensional normal have variance D / 2: this sees the
    # correlations, which a sampler of the marginals would miss.
    error = np.asarray(log_prob, np.float64).mean(0) + entropy
    assert np.abs(error).max() < 4.5 * np.sqrt(D / 2 / count)


@pytest.mark.slow
@every_head
def test_a_distribution_passes_through_jit_and_is_traced_once(head, getkey):
    raw, traces = ordinary(head, 5), []

    @quick_jit
    def log_prob(p, x):
        traces.append(1)
        return p.log_prob(x), p

    p = quick_jit(lambda raw: elements(head, raw))(raw)
    first, again = log_prob(p, jnp.zeros((5, D)))
    log_prob(again, jnp.ones((5, D)))
    assert len(traces) == 1
    mapped = jax.vmap(lambda p, x: p.log_prob(x))(p, jnp.zeros((5, D)))
    np.testing.assert_allclose(mapped, first, rtol=1e-6)
    _, stacked = jax.lax.scan(lambda c, r: (c, elements(head, r)), 0, raw)
    assert stacked.batch_shape == (5,)
    assert stacked.sample(seed=getkey()).shape == (5, D)
