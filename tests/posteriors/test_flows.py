"""Posterior flows: densities by the Jacobian of the map, and models with them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests.contracts.compiled import quick_jit
from tests.models.parts import EVENT, LATENT, vae
from tests.models.running import B, S, batch_of, run, start
from vaex.errors import InputError
from vaex.posteriors.inverse_autoregressive_flow import InverseAutoregressiveFlow
from vaex.posteriors.planar_flow import PlanarFlow
from vaex.posteriors.radial_flow import RadialFlow
from vaex.priors.vamp_prior import VampPrior

L, ROWS = 3, 4
FLOWS = [
    PlanarFlow(L, num_steps=5),
    RadialFlow(L, num_steps=5),
    InverseAutoregressiveFlow(L, num_steps=3, hidden=(6, 5), context_dim=2),
]
every_flow = pytest.mark.parametrize("flow", FLOWS, ids=lambda f: type(f).__name__)


def variables_of(flow, features):
    shapes = jax.eval_shape(lambda: flow.init(jax.random.key(0), features))
    generator = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: generator.normal(size=leaf.shape).astype(np.float32), shapes
    )


@every_flow
def test_density_is_that_of_the_noise_over_the_jacobian(flow):
    """The noise is found by solving z_0 = loc + scale u; the map is differentiated."""
    features = np.random.default_rng(1).normal(size=(ROWS, 6)).astype(np.float32)
    variables = variables_of(flow, features)

    @quick_jit
    def everything(key):
        q = flow.apply(variables, features)
        z, log_prob = q.sample_and_log_prob(seed=key)
        u = jax.random.normal(key, (1, ROWS, L))[0]

        def one(row, u):
            q = flow.apply(variables, row[None])
            return q.forward(q._loc + q._scale * u)[0][0]

        again = jax.vmap(one)(features, u)
        slopes = jax.vmap(jax.jacobian(one, argnums=1))(features, u)
        return z, log_prob, u, again, slopes

    z, log_prob, u, again, slopes = everything(jax.random.key(0))
    np.testing.assert_allclose(again, z, rtol=1e-5, atol=1e-5)
    log_det = np.linalg.slogdet(np.asarray(slopes, np.float64))[1]
    expected = stats.norm.logpdf(np.asarray(u, np.float64)).sum(-1) - log_det
    # The Jacobian is a float32 product of five matrices whose determinants are small.
    np.testing.assert_allclose(log_prob, expected, rtol=1e-3, atol=1e-3)
    assert np.ptp(log_det) > 0.1


@pytest.mark.parametrize("flow", FLOWS[:2], ids=["planar", "radial"])
def test_steps_are_invertible_at_any_raw_numbers(flow):
    """The Jacobian's determinant keeps its sign: no fold. Gates need no constraint."""
    features = 10 * np.random.default_rng(2).normal(size=(50, 6)).astype(np.float32)
    variables = variables_of(flow, features)

    @quick_jit
    def signs():
        def one(row, u):
            q = flow.apply(variables, row[None])
            return q.forward(q._loc + q._scale * u)[0][0]

        u = jax.random.normal(jax.random.key(0), (50, L))
        q = flow.apply(variables, features)
        _, log_prob = q.sample_and_log_prob(seed=jax.random.key(1))
        return log_prob, jax.vmap(jax.jacobian(one, argnums=1))(features, u)

    log_prob, slopes = signs()
    assert np.isfinite(log_prob).all()
    sign, log_det = np.linalg.slogdet(np.asarray(slopes, np.float64))
    # Below this, float32 cannot tell a determinant's sign.
    assert (sign[log_det > -10] == 1).all()
    assert (log_det > -10).sum() > 10


@pytest.mark.slow
@every_flow
def test_a_model_trains_by_the_samples_own_density(flow):
    model, batch = vae(posterior=flow.clone(latent_dim=LATENT)), batch_of()
    variables = start(model, batch)
    terms = run(model, batch, variables)
    assert terms.kl.shape == (S, B, 1)
    np.testing.assert_allclose(
        terms.kl[..., 0], terms.log_qz_x - terms.log_pz, rtol=1e-5, atol=1e-5
    )

    @quick_jit
    def slope(params):
        def loss(params):
            rngs = {"sample": jax.random.key(0)}
            terms = model.apply({"params": params}, batch, rngs=rngs)
            return terms.kl.sum() - terms.log_px_z.sum()

        return jax.grad(loss)(params)

    for leaf in jax.tree.leaves(slope(variables["params"])["posterior"]):
        assert np.isfinite(leaf).all()
        assert (leaf != 0).any()


@every_flow
def test_what_needs_an_inverse_is_refused_with_the_reason(flow):
    flow = flow.clone(latent_dim=LATENT)
    name = type(flow).__name__
    with pytest.raises(InputError, match=f"frozen z.*{name} has no inverse"):
        run(vae(posterior=flow), batch_of(), split=True)
    with pytest.raises(InputError, match=f"closed_form_kl=true.*{name} and Standard"):
        start(vae(posterior=flow, closed_form_kl=True), batch_of())
    with pytest.raises(InputError, match=f"{name} and prior VampPrior.*an inverse"):
        vae(posterior=flow, prior=VampPrior(LATENT, (EVENT,)))
    with pytest.raises(InputError, match="num_steps must be at least 1, got 0"):
        flow.clone(num_steps=0)


def test_networks_of_a_flow_are_autoregressive():
    """The Jacobian of each output in the inputs is strictly lower triangular."""
    flow, features = FLOWS[2], np.ones((1, 6), np.float32)
    variables = variables_of(flow, features)

    @quick_jit
    def slopes():
        context, networks = flow.apply(variables, features)._steps
        z = jnp.array([0.3, -0.2, 0.9])
        return jax.jacobian(lambda z: networks[0](z, context[0]))(z)

    for slope in slopes():
        assert (np.triu(slope) == 0).all()
        assert (slope[np.tril_indices(L, -1)] != 0).all()
