"""The coupling flow, against the Jacobian of its own map."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.contracts.compiled import quick_jit
from vaex.errors import InputError
from vaex.priors.coupling_flow import CouplingFlow

L = 3


def weights(prior):
    """Variables with weights of order 1: those at the start are the identity."""
    shapes = jax.eval_shape(lambda: prior.init(jax.random.key(0), None))
    generator = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: generator.normal(size=leaf.shape).astype(np.float32), shapes
    )


def test_density_is_that_of_the_noise_over_the_jacobian_of_the_map():
    prior = CouplingFlow(L, num_steps=5, hidden=(8, 8))
    variables = weights(prior)

    @quick_jit
    def everything(key, z):
        p = prior.apply(variables, None)
        drawn = p.sample(seed=key, sample_shape=(20,))
        bijector = p._transformed().bijector
        u = jax.vmap(bijector.inverse)(z)
        back = jax.vmap(bijector.forward)(u)
        slopes = jax.vmap(jax.jacobian(bijector.forward))(u)
        return drawn, p.log_prob(z), u, back, slopes

    z = np.random.default_rng(1).normal(size=(20, L)).astype(np.float32)
    drawn, log_prob, u, back, slopes = everything(jax.random.key(0), z)
    # Five steps stretch by up to e^10: what float32 rounds off grows with them.
    np.testing.assert_allclose(back, z, rtol=1e-3, atol=1e-3)
    log_det = np.linalg.slogdet(np.asarray(slopes, np.float64))[1]
    expected = stats.norm.logpdf(np.asarray(u, np.float64)).sum(-1) - log_det
    np.testing.assert_allclose(log_prob, expected, rtol=1e-4, atol=1e-3)
    assert np.ptp(log_det) > 1.0
    assert (np.abs(np.asarray(slopes)) > 0).all(0).all()
    assert drawn.shape == (20, L)


def test_the_distribution_crosses_jit_and_is_traced_once():
    prior, traces = CouplingFlow(L, hidden=(4,)), []
    variables = weights(prior)

    @jax.jit
    def step(p):
        traces.append(1)
        return p, p.log_prob(jnp.ones(L))

    p = jax.jit(lambda v: prior.apply(v, None))(variables)
    for _ in range(3):
        p, log_prob = step(p)
    assert len(traces) == 1
    assert np.isfinite(log_prob)
    assert (p.event_shape, p.batch_shape) == ((L,), ())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 1}, "latent_dim must be at least 2.*got 1"),
        ({"latent_dim": 2, "num_steps": 1}, "num_steps must be at least 2.*got 1"),
        ({"latent_dim": 2, "hidden": (0,)}, "hidden must hold positive"),
    ],
)
def test_a_flow_refuses_what_cannot_work(arguments, message):
    with pytest.raises(InputError, match=message):
        CouplingFlow(**arguments)
