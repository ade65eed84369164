"""Estimators on problems whose gradients are known in closed form or by enumeration.

Toy of Rainforth et al. 2018 in one dimension: z ~ N(mu, 1), x|z ~ N(z, 1),
q = N(b, 2/3), so that p(z|x) = N((x + mu)/2, 1/2) and log p(x) = log N(x; mu, 2).
"""

import itertools
from functools import cache
from types import SimpleNamespace

import distrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from vaex.bounds import estimators

X, MU, LOC, SCALE = 1.3, 0.2, 0.5, np.sqrt(2 / 3)
ALL = [
    estimators.reparameterised,
    estimators.sticking_the_landing,
    estimators.doubly_reparameterised,
    estimators.reweighted,
]
every_estimator = pytest.mark.parametrize("estimator", ALL, ids=lambda f: f.__name__)


def surrogate(estimator, params, noise):
    """Loss of [S] noise for mu, loc and log scale, built as the module says."""
    mu, loc, log_scale = params
    q = distrax.Normal(loc, jnp.exp(log_scale))
    frozen_q = jax.tree.map(jax.lax.stop_gradient, q)
    z = loc + jnp.exp(log_scale) * noise
    frozen_z = jax.lax.stop_gradient(z)

    def joint(z):
        return distrax.Normal(z, 1.0).log_prob(X), distrax.Normal(mu, 1.0).log_prob(z)

    def log_weight(z):
        return sum(joint(z)) - frozen_q.log_prob(z)

    log_w, slope = jax.vmap(jax.value_and_grad(log_weight))(frozen_z)
    path = jax.lax.stop_gradient(slope) * (z - frozen_z)
    a, b, c = (k[:, 0] for k in estimator(log_w[:, None]))
    log_px_z, log_pz = joint(frozen_z)
    return -(a * (log_px_z + log_pz) + b * path + c * q.log_prob(frozen_z)).sum()


@cache
def gradients(num_samples, draws=20_000):
    """[draws, 3] gradients of the bound (ascent) for mu, loc, log scale.

    By the estimator's name; all of them from the same noise.
    """
    params = jnp.array([MU, LOC, np.log(SCALE)])
    noise = jax.random.normal(jax.random.key(num_samples), (draws, num_samples))

    @quick_jit
    def ascend(noise):
        slope = jax.vmap(jax.grad(surrogate, 1), (None, None, 0))
        return {f.__name__: -slope(f, params, noise) for f in ALL}

    found = jax.tree.map(lambda x: np.asarray(x, np.float64), ascend(noise))
    return SimpleNamespace(**found)


def mean_and_error(samples):
    return samples.mean(0), samples.std(0) / np.sqrt(len(samples))


@pytest.mark.parametrize("estimator", ALL[:3], ids=lambda f: f.__name__)
def test_one_sample_gives_the_gradient_of_the_elbo(estimator):
    """Of -1/2 [(x - b)^2 + s^2 + (b - mu)^2 + s^2] + log s, for mu, b, log s."""
    expected = np.array([LOC - MU, X + MU - 2 * LOC, 1 - 2 * SCALE**2])
    mean, error = mean_and_error(getattr(gradients(1), estimator.__name__))
    assert (np.abs(mean - expected) < 4 * error).all()


def test_one_sample_stl_and_dreg_are_the_same():
    found = gradients(1)
    np.testing.assert_array_equal(
        found.sticking_the_landing, found.doubly_reparameterised
    )


def test_dreg_is_an_unbiased_gradient_of_the_bound():
    """At S = 10, paired with IWAE by common noise; z-score of the mean below 4."""
    found = gradients(10)
    iwae, dreg = found.reparameterised, found.doubly_reparameterised
    np.testing.assert_allclose(iwae[:, 0], dreg[:, 0], rtol=1e-5, atol=1e-6)  # mu
    mean, error = mean_and_error((iwae - dreg)[:, 1:])
    assert (np.abs(mean) < 4 * error).all()
    assert (dreg.var(0)[1:] < iwae.var(0)[1:]).all()


def test_stl_is_biased_for_several_samples():
    """What tells it from DReG: 20 standard errors off at S = 10."""
    found = gradients(10)
    difference = found.sticking_the_landing - found.reparameterised
    mean, error = mean_and_error(difference[:, 1:])
    assert (np.abs(mean) > 20 * error).all()


def test_reparameterised_is_the_gradient_by_automatic_differentiation(getkey):
    noise = jax.random.normal(getkey(), (5,))
    params = jnp.array([MU, LOC, np.log(SCALE)])

    def bound(params):
        mu, loc, log_scale = params
        z = loc + jnp.exp(log_scale) * noise
        log_w = (
            distrax.Normal(z, 1.0).log_prob(X)
            + distrax.Normal(mu, 1.0).log_prob(z)
            - distrax.Normal(loc, jnp.exp(log_scale)).log_prob(z)
        )
        return jax.nn.logsumexp(log_w)

    def loss(params):
        return surrogate(estimators.reparameterised, params, noise)

    ours, expected = quick_jit(lambda x: (jax.grad(loss)(x), jax.grad(bound)(x)))(
        params
    )
    np.testing.assert_allclose(-ours, expected, rtol=1e-4, atol=1e-6)


def test_reweighted_follows_the_exact_posterior():
    """E_p(z|x) of the score of q, up to the O(1/S) bias; and no path."""
    mean, error = mean_and_error(gradients(500, draws=2000).reweighted)
    centre, variance = (X + MU) / 2, 0.5
    second = variance + (centre - LOC) ** 2
    expected = np.array(
        [centre - MU, (centre - LOC) / SCALE**2, second / SCALE**2 - 1.0]
    )
    assert (np.abs(mean - expected) < 4 * error + 3 / 500).all()


@every_estimator
def test_model_gradient_of_the_bound_by_enumeration(estimator):
    """Discrete z in {0, 1, 2}, S = 3: every tuple of samples, weighted by q.

    d/d theta E_q log 1/S sum_s p_theta(x, z_s) / q(z_s) is exact; all four
    estimators share it.
    """
    log_q = np.log([0.2, 0.1, 0.7])
    tuples = np.array(list(itertools.product(range(3), repeat=3))).T  # [S, 27]
    prob = np.exp(log_q[tuples].sum(0))

    def exact(theta):
        log_w = theta[tuples] - log_q[tuples]
        return (prob * jax.nn.logsumexp(log_w, axis=0)).sum()

    def estimated(theta):
        a, _, _ = estimator(theta[tuples] - log_q[tuples])
        return (prob * (a * theta[tuples]).sum(0)).sum()

    ours, expected = quick_jit(lambda x: (jax.grad(estimated)(x), jax.grad(exact)(x)))(
        jnp.array([0.4, -1.0, 0.2])
    )
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_coefficients_carry_no_gradient():
    log_weights = jnp.array([[0.3, -1.0], [2.0, -1e4]])
    jacobians = quick_jit(jax.jacobian(lambda x: [f(x) for f in ALL]))(log_weights)
    assert all((jacobian == 0.0).all() for jacobian in jax.tree.leaves(jacobians))


def test_coefficients_ignore_a_common_factor_of_the_weights():
    log_weights = jnp.array([[0.5, -1.0], [2.0, -3.0], [0.0, 1.0]])
    compute = quick_jit(lambda x: [f(x) for f in ALL])
    ours, shifted = compute(log_weights), compute(log_weights + 512.0)
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4), ours, shifted
    )
    for a, b, c in ours:
        assert a.shape == b.shape == c.shape == log_weights.shape
        np.testing.assert_allclose(a.sum(0), 1.0, rtol=1e-6)


@every_estimator
def test_rank_is_checked(estimator):
    with pytest.raises(AssertionError):
        estimator(jnp.zeros(3))
