"""VIMCO: exactly unbiased, by enumeration of every tuple of samples."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vaex.bounds.estimators import reweighted, vimco
from vaex.errors import InputError

OUTCOMES = 3
START = {"q": jnp.array([0.3, -0.5, 0.8]), "p": jnp.array([0.4, -1.0, 0.2])}


def expectation(params, size, value):
    """E of value(log q, log p, tuples), tuples [S, 3^S] drawn from q."""
    tuples = np.array(list(itertools.product(range(OUTCOMES), repeat=size))).T
    log_q = jax.nn.log_softmax(params["q"])[tuples]
    log_p = jax.nn.log_softmax(params["p"])[tuples]
    prob = jnp.exp(log_q.sum(0))
    return value(log_q, log_p, prob)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 4])
def test_the_expected_gradient_is_the_bounds(size):
    def bound(params):
        def value(log_q, log_p, prob):
            return (prob * jax.nn.logsumexp(log_p - log_q, axis=0)).sum()

        return expectation(params, size, value)

    def estimated(params, estimator):
        def value(log_q, log_p, prob):
            a, _, c = estimator(log_p - log_q)

            weight = jax.lax.stop_gradient(prob)
            return (weight * (a * log_p + c * log_q).sum(0)).sum()

        return expectation(params, size, value)

    expected = jax.grad(bound)(START)
    found = jax.grad(estimated)(START, vimco)
    for name in START:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-6)
    # Other coefficients are told apart, by more than a hundred times the tolerance.
    other = jax.grad(estimated)(START, reweighted)
    assert np.abs(other["q"] - expected["q"]).max() > 0.01


def test_the_baseline_lowers_the_variance():
    log_w = jax.random.normal(jax.random.key(0), (5, 4000)) * 2.0
    _, b, c = vimco(log_w)
    w = jax.nn.softmax(log_w, 0)
    plain = jax.nn.logsumexp(log_w, 0) - np.log(5.0) - w
    assert (b == 0.0).all()
    assert float((c + w).var()) < 0.5 * float((plain + w).var())


def test_one_sample_is_refused():
    with pytest.raises(InputError, match="at least 2 samples .* got 1"):
        vimco(jnp.zeros((1, 2)))
