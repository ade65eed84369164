"""The autoregressive flow, against the Jacobian of its own map and a known density."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

from tests.contracts.compiled import quick_jit
from vaex.errors import InputError
from vaex.priors.masked_autoregressive_flow import MaskedAutoregressiveFlow

L = 3


def weights(prior):
    """Variables with weights of order 1: those at the start are the identity."""
    shapes = jax.eval_shape(lambda: prior.init(jax.random.key(0), None))
    generator = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: (0.7 * generator.normal(size=leaf.shape)).astype(np.float32),
        shapes,
    )


@functools.cache
def computed():
    prior = MaskedAutoregressiveFlow(L, num_steps=3, hidden=(6, 5))
    variables = weights(prior)

    @quick_jit
    def everything(u):
        p = prior.apply(variables, None)
        bijector = p._transformed().bijector
        z, log_det = bijector.forward_and_log_det(u)
        back, inverse_log_det = bijector.inverse_and_log_det(z)
        slopes = jax.vmap(jax.jacobian(bijector.forward))(u)
        first = jax.vmap(jax.jacobian(bijector.bijectors[-1].inverse))(z)
        second = jax.vmap(jax.jacobian(bijector.bijectors[-2].inverse))(z)
        return z, p.log_prob(z), log_det, back, inverse_log_det, slopes, first, second

    u = np.random.default_rng(1).normal(size=(20, L)).astype(np.float32)
    return u, *jax.device_get(everything(u))


def test_density_is_that_of_the_noise_over_the_jacobian_of_the_map():
    u, z, log_prob, stated, back, inverse, slopes, _, _ = computed()
    # Three steps stretch by up to e^6: what float32 rounds off grows with them.
    np.testing.assert_allclose(back, u, rtol=2e-4, atol=2e-4)
    log_det = np.linalg.slogdet(slopes.astype(np.float64))[1]
    np.testing.assert_allclose(stated, log_det, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(inverse, -log_det, rtol=1e-4, atol=1e-4)
    expected = stats.norm.logpdf(u.astype(np.float64)).sum(-1) - log_det
    np.testing.assert_allclose(log_prob, expected, rtol=1e-4, atol=1e-3)
    assert np.ptp(log_det) > 0.5
    assert np.abs(z - u).max() > 0.5


def test_each_step_sees_the_dimensions_before_and_the_next_those_after():
    *_, first, second = computed()
    # The first step applied to the noise counts from the first dimension.
    assert (np.triu(first, 1) == 0).all()
    assert (np.tril(first, -1)[:, *np.tril_indices(L, -1)] != 0).all()
    assert (np.tril(second, -1) == 0).all()
    assert (second[:, *np.triu_indices(L, 1)] != 0).all()


def test_the_distribution_crosses_jit_and_is_traced_once():
    prior, traces = MaskedAutoregressiveFlow(L, num_steps=2, hidden=(4,)), []
    variables = weights(prior)

    @quick_jit
    def step(p):
        traces.append(1)
        return p, p.log_prob(jnp.ones(L))

    p = quick_jit(lambda v: prior.apply(v, None))(variables)
    for _ in range(3):
        p, log_prob = step(p)
    assert len(traces) == 1
    assert np.isfinite(log_prob)
    assert (p.event_shape, p.batch_shape) == ((L,), ())


@pytest.mark.slow
def test_it_learns_a_banana_that_a_gaussian_cannot():
    """Held-out log-likelihood close to the known one, -E log p, by a wide margin."""

    def draws(seed, num):
        u = np.random.default_rng(seed).normal(size=(num, 2))
        return np.stack([u[:, 0], 0.3 * u[:, 1] + u[:, 0] ** 2], 1).astype(np.float32)

    def exact(z):
        z = z.astype(np.float64)
        bent = stats.norm.logpdf(z[:, 1], z[:, 0] ** 2, 0.3)
        return stats.norm.logpdf(z[:, 0]) + bent

    train, held_out = draws(0, 8000), draws(1, 8000)
    prior = MaskedAutoregressiveFlow(2, num_steps=3, hidden=(32,))
    variables = prior.init(jax.random.key(0), None)
    optimizer = optax.adam(optax.cosine_decay_schedule(5e-3, 1500))

    def loss(variables, z):
        return -prior.apply(variables, None).log_prob(z).mean()

    @jax.jit
    def trained(variables):
        def step(carry, key):
            variables, state = carry
            rows = jax.random.randint(key, (256,), 0, len(train))
            slope = jax.grad(loss)(variables, jnp.asarray(train)[rows])
            updates, state = optimizer.update(slope, state)
            return (optax.apply_updates(variables, updates), state), None

        keys = jax.random.split(jax.random.key(1), 1500)
        return jax.lax.scan(step, (variables, optimizer.init(variables)), keys)[0][0]

    actual = -float(loss(trained(variables), held_out))
    gaussian = stats.multivariate_normal(train.mean(0), np.cov(train.T))
    # The mean of their difference has a standard error of about 0.01.
    assert actual == pytest.approx(exact(held_out).mean(), abs=0.06)
    assert actual > gaussian.logpdf(held_out).mean() + 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 1}, "latent_dim must be at least 2.*got 1"),
        ({"latent_dim": 2, "num_steps": 0}, "num_steps must be at least 1, for.*got 0"),
        ({"latent_dim": 2, "hidden": (0,)}, "hidden must hold positive"),
        ({"latent_dim": 2, "hidden": ()}, r"hidden must hold widths.*got \(\)"),
        ({"latent_dim": 9, "hidden": (9, 8)}, "at least latent_dim=9.*got"),
    ],
)
def test_a_flow_refuses_what_cannot_work(arguments, message):
    with pytest.raises(InputError, match=message):
        MaskedAutoregressiveFlow(**arguments)
