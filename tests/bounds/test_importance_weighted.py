import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from vaex.bounds.importance_weighted import (
    effective_sample_size,
    importance_weighted_bound,
)


def test_is_the_log_of_the_mean_weight():
    log_weights = np.random.default_rng(0).normal(0.0, 300.0, (7, 5))
    expected = logsumexp(log_weights, axis=0) - np.log(7)
    np.testing.assert_allclose(
        importance_weighted_bound(log_weights), expected, rtol=1e-6
    )


def test_one_sample_is_the_elbo():
    log_weights = jnp.array([[-1.5, 2.0, -1e4]])
    assert (importance_weighted_bound(log_weights) == log_weights[0]).all()


def test_equal_weights_give_log_p_at_any_number_of_samples():
    """The exact posterior makes every weight p(x)."""
    for num_samples in (1, 3, 1000):
        bound = importance_weighted_bound(jnp.full((num_samples, 2), -87.5))
        np.testing.assert_allclose(bound, -87.5, rtol=1e-6)


def test_the_bound_rises_with_samples_to_log_p(getkey):
    """z ~ N(0, 1), x|z ~ N(z, 1), q = N(1/2 x + 1, 1): log p(x) = log N(x; 0, 2)."""
    x, draws = 0.7, 20_000
    z = 0.5 * x + 1.0 + np.asarray(jax.random.normal(getkey(), (64, draws)), np.float64)
    log_weights = (
        stats.norm.logpdf(z)
        + stats.norm.logpdf(x, z)
        - stats.norm.logpdf(z, 0.5 * x + 1)
    )
    log_p = stats.norm.logpdf(x, 0, np.sqrt(2.0))
    # KL(q || posterior N(x/2, 1/2)) = 1/2 (2 + 2 - 1 - log 2).
    elbo = log_p - 0.5 * (3.0 - np.log(2.0))
    means = []
    for num_samples in (1, 8, 64):
        bound = np.asarray(importance_weighted_bound(log_weights[:num_samples]))
        means.append(bound.mean())
        if num_samples == 1:
            assert abs(means[0] - elbo) < 4 * bound.std() / np.sqrt(draws)
    assert sorted(means) == means
    assert means[-1] < log_p < means[-1] + 0.1


def test_weights_that_are_zero():
    log_weights = jnp.array([[-jnp.inf, -jnp.inf], [-jnp.inf, -1.0]])
    bound = importance_weighted_bound(log_weights)
    np.testing.assert_allclose(bound, [-np.inf, -1.0 - np.log(2.0)], rtol=1e-6)
    assert effective_sample_size(log_weights).tolist() == [0.0, 1.0]


def test_effective_sample_size():
    weights = np.random.default_rng(1).gamma(1.0, 1.0, (50, 6))
    expected = weights.sum(0) ** 2 / (weights**2).sum(0)
    for shift in (-1e4, 0.0, 80.0):
        log_weights = jnp.log(weights) + shift
        tolerance = 2e-5 + abs(shift) * 1e-6  # the shift rounds log_weights
        size = effective_sample_size(log_weights)
        np.testing.assert_allclose(size, expected, rtol=tolerance)
    assert effective_sample_size(jnp.zeros((50, 1))).tolist() == [50.0]


@pytest.mark.parametrize("function", [importance_weighted_bound, effective_sample_size])
def test_rank_is_checked(function):
    with pytest.raises(AssertionError):
        function(jnp.zeros(3))
