"""MIWAE, PIWAE, CIWAE and the Renyi bound: values by numpy, gradients by autodiff."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp

from tests.bounds.test_estimators import LOC, MU, SCALE, mean_and_error, surrogate
from tests.contracts.compiled import quick_jit
from vaex.bounds import alpha_divergence, grouped_weights
from vaex.bounds.estimators import (
    doubly_reparameterised,
    reparameterised,
    sticking_the_landing,
    vimco,
)
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.errors import InputError

M, K, B = 2, 5, 3
LOG_W = np.random.default_rng(0).normal(scale=2.0, size=(M * K, B)).astype(np.float32)
ORDERS = (-2.0, 0.0, 0.5, 1.0, 3.0)


def bounds():
    """Name -> (bound, coefficients), both of log weights."""
    found = {
        "multiply": (
            functools.partial(grouped_weights.multiply_weighted_bound, num_groups=M),
            functools.partial(grouped_weights.multiply_weighted, num_groups=M),
        ),
        "combined": (
            functools.partial(grouped_weights.combined_bound, elbo_share=0.3),
            functools.partial(grouped_weights.combined, elbo_share=0.3),
        ),
    }
    for alpha in ORDERS:
        found[f"renyi {alpha}"] = (
            functools.partial(alpha_divergence.renyi_bound, alpha=alpha),
            functools.partial(alpha_divergence.renyi, alpha=alpha),
        )
    return found


every_bound = pytest.mark.parametrize(
    ("bound", "coefficients"), list(bounds().values()), ids=list(bounds())
)


def test_multiply_weighted_averages_groups_in_order_and_not_across_them():
    w = LOG_W.astype(np.float64).reshape(M, K, B)
    right = (logsumexp(w, 1) - np.log(K)).mean(0)
    swapped = (logsumexp(w, 0) - np.log(M)).mean(0)
    found = grouped_weights.multiply_weighted_bound(jnp.asarray(LOG_W), M)
    np.testing.assert_allclose(found, right, rtol=1e-5)
    assert np.abs(right - swapped).max() > 0.5


def test_one_group_is_iwae_and_groups_of_one_the_elbo():
    log_w = jnp.asarray(LOG_W)
    one = grouped_weights.multiply_weighted_bound(log_w, 1)
    np.testing.assert_allclose(one, importance_weighted_bound(log_w), rtol=1e-6)
    alone = grouped_weights.multiply_weighted_bound(log_w, M * K)
    np.testing.assert_allclose(alone, log_w.mean(0), rtol=1e-5, atol=1e-6)


def test_combined_is_the_stated_mixture():
    w = LOG_W.astype(np.float64)
    expected = 0.3 * w.mean(0) + 0.7 * (logsumexp(w, 0) - np.log(M * K))
    found = grouped_weights.combined_bound(jnp.asarray(LOG_W), 0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("alpha", ORDERS)
def test_renyi_is_the_stated_power_mean(alpha):
    w = LOG_W.astype(np.float64)
    expected = w.mean(0)
    if alpha != 1.0:
        expected = (logsumexp((1 - alpha) * w, 0) - np.log(M * K)) / (1 - alpha)
    found = alpha_divergence.renyi_bound(jnp.asarray(LOG_W), alpha)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_renyi_falls_in_alpha_and_meets_its_limits():
    def bound(alpha):
        return np.asarray(alpha_divergence.renyi_bound(jnp.asarray(LOG_W), alpha))

    values = [bound(alpha) for alpha in (-5.0, -1.0, 0.0, 0.5, 0.99, 1.0, 1.01, 4.0)]
    assert all((a > b).all() for a, b in zip(values, values[1:], strict=False))
    # log(S) / (1 - alpha) is what the largest weight's own share can cost.
    np.testing.assert_allclose(bound(-200.0), LOG_W.max(0), atol=np.log(M * K) / 200)
    # Next to the limit, (1 - alpha) / 2 times the variance is left.
    np.testing.assert_allclose(bound(0.999), bound(1.0), atol=0.001 * LOG_W.var(0)[0])


@every_bound
def test_reparameterised_coefficients_are_the_bounds_own_slope(bound, coefficients):
    def total(log_w):
        return bound(log_w).sum()

    log_w = jnp.asarray(LOG_W)
    slope = quick_jit(jax.grad(total))(log_w)
    a, b, c = coefficients(log_w, reparameterised)
    for found in (a, b, -c):
        np.testing.assert_allclose(found, slope, rtol=1e-4, atol=1e-6)


@every_bound
def test_equal_weights_make_every_bound_the_likelihood(bound, coefficients):
    log_w = jnp.full((M * K, B), -3.7)
    np.testing.assert_allclose(bound(log_w), -3.7, rtol=1e-6)
    a, _, c = coefficients(log_w, sticking_the_landing)
    np.testing.assert_allclose(a.sum(0), 1.0, rtol=1e-6)
    assert (c == 0.0).all()


def test_partially_weighted_takes_p_from_all_samples_and_q_from_groups():
    log_w = jnp.asarray(LOG_W)
    whole = reparameterised(log_w)
    groups = grouped_weights.multiply_weighted(log_w, reparameterised, M)
    a, b, c = grouped_weights.partially_weighted(log_w, reparameterised, M)
    for found, expected in ((a, whole[0]), (b, groups[1]), (c, groups[2])):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
@every_bound
def test_doubly_reparameterised_is_unbiased_for_every_bound(bound, coefficients):
    """Paired with the bound's own gradient on the toy of test_estimators."""
    del bound
    params = jnp.array([MU, LOC, np.log(SCALE)])
    noise = jax.random.normal(jax.random.key(5), (20_000, M * K))

    @quick_jit
    def slopes(noise):
        def ascend(estimator):
            def of_weights(log_w):
                return coefficients(log_w, estimator)

            slope = jax.grad(surrogate, 1)
            return jax.vmap(lambda n: -slope(of_weights, params, n))(noise)

        return ascend(reparameterised), ascend(doubly_reparameterised)

    own, doubly = (np.asarray(s, np.float64) for s in slopes(noise))
    np.testing.assert_allclose(own[:, 0], doubly[:, 0], rtol=1e-4, atol=1e-5)
    difference = (own - doubly)[:, 1:]
    assert (difference.std(0) > 1e-3).all()
    mean, error = mean_and_error(difference)
    assert (np.abs(mean) < 4 * error).all()


def test_weights_are_traced_once():
    traces = []

    @quick_jit
    def both(log_w, weight):
        traces.append(weight)
        return (
            alpha_divergence.renyi_bound(log_w, weight),
            alpha_divergence.renyi(log_w, doubly_reparameterised, weight),
            grouped_weights.combined(log_w, doubly_reparameterised, weight),
        )

    for weight in (0.0, 0.4, 1.0):
        jax.tree.map(lambda x: np.isfinite(x).all(), both(jnp.asarray(LOG_W), weight))
    assert len(traces) == 1


def test_what_cannot_be_cut_is_refused():
    with pytest.raises(InputError, match="10 samples cannot be cut into 3 groups"):
        grouped_weights.multiply_weighted_bound(jnp.asarray(LOG_W), 3)
    with pytest.raises(InputError, match="vimco needs at least 2 samples"):
        grouped_weights.combined(jnp.asarray(LOG_W), vimco, 0.5)
