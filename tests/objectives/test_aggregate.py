"""Objectives of the aggregate posterior: moments, kernels and critics, on one VAE."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from tests.contracts.compiled import quick_jit
from tests.models.parts import Deterministic, Triangular
from tests.oracles.ppca import LATENT, ppca
from vaex.bounds.kernel_discrepancy import gaussian_kernel, squared_discrepancy
from vaex.errors import InputError
from vaex.objectives.adversarial import adversarial_autoencoder, factor_vae
from vaex.objectives.critic import Critic, classification_loss
from vaex.objectives.disentangled_moments import dip_vae_i, dip_vae_ii
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.kernel_discrepancy import info_vae, wae_mmd
from vaex.training.experiment import Experiment, Root
from vaex.training.hparams import arguments
from vaex.training.optimizers import sgd

ORACLE = ppca(0.5, 1.4)
X = jnp.asarray(ORACLE.x)
partial = functools.partial
CRITIC = Critic(hidden=(4,))


@functools.cache
def critic_params():
    return CRITIC.init(jax.random.key(3), jnp.zeros((1, LATENT)))["params"]


def run(objective):
    """(loss, metrics) and gradient of a bound objective at the oracle."""
    experiment = Experiment(ORACLE.model, objective, sgd, lambda key, stored: stored)
    root, options = experiment.root()
    weights = {**options, **arguments(experiment.hparams(), "objective")}
    params = {"model": ORACLE.variables["params"]}
    if "critic" in objective.keywords:
        params["objective"] = {"learned_critic": critic_params()}

    @quick_jit
    def everything(params):
        def loss(params):
            rngs = {"sample": jax.random.key(1), "objective": jax.random.key(2)}
            return root.apply(
                {"params": params}, {"x": X}, train=True, weights=weights, rngs=rngs
            )

        return jax.value_and_grad(loss, has_aux=True)(params)

    (loss, metrics), slopes = jax.device_get(everything(params))
    return float(loss), {k: float(v) for k, v in metrics.items()}, slopes


@functools.cache
def plain():
    return run(partial(elbo, beta=1.0))


@functools.cache
def latents():
    """Mean and standard deviation [B, L] of q, and one sample z [B, L]."""

    def spy(model, batch, *, train):
        q = model.encode(batch, train=train)
        terms = model.terms(batch, num_samples=1, train=train, posterior=q)
        return jnp.zeros(()), (q.mean(), q.stddev(), terms.z[0])

    def call(params):
        rngs = {"sample": jax.random.key(1)}
        root = Root(ORACLE.model, spy)
        return root.apply(params, {"x": X}, train=True, weights={}, rngs=rngs)[1]

    found = quick_jit(call)({"params": {"model": ORACLE.variables["params"]}})
    return [np.asarray(a, np.float64) for a in found]


def penalty(covariance, off_diagonal, diagonal):
    total = 0.0
    for i in range(LATENT):
        for j in range(LATENT):
            if i == j:
                total += diagonal * (covariance[i, i] - 1.0) ** 2
            else:
                total += off_diagonal * covariance[i, j] ** 2
    return total


@pytest.mark.slow
@pytest.mark.parametrize("objective", [dip_vae_i, dip_vae_ii])
def test_dip_adds_the_penalty_of_numpys_covariance_to_the_elbo(objective):
    mean, scale, _ = latents()
    covariance = np.cov(mean.T, bias=True)
    if objective is dip_vae_ii:
        covariance = covariance + np.diag((scale**2).mean(0))
    loss, metrics, _ = run(partial(objective, off_diagonal=3.0, diagonal=7.0))
    expected = penalty(covariance, 3.0, 7.0)
    assert metrics["moments"] == pytest.approx(expected, rel=1e-4)
    assert loss == pytest.approx(plain()[0] + expected, rel=1e-5)


@pytest.mark.slow
def test_info_vae_meets_the_elbo_and_wae():
    start, _, _ = plain()
    assert run(partial(info_vae, alpha=0.0, scale=1.0))[0] == pytest.approx(
        start, rel=1e-5
    )
    wae, metrics, _ = run(partial(wae_mmd, scale=9.0))
    info, _, _ = run(partial(info_vae, alpha=1.0, scale=9.0))
    assert info == pytest.approx(wae, rel=1e-5)
    assert wae == pytest.approx(metrics["distortion"] + 9.0 * metrics["mmd"], rel=1e-5)
    half, metrics, _ = run(partial(info_vae, alpha=0.25, scale=3.0))
    expected = metrics["distortion"] + 0.75 * metrics["rate"] + 2.25 * metrics["mmd"]
    assert half == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_each_sample_is_compared_by_itself_with_the_prior():
    """Against the distribution of the same statistic over draws of the prior."""
    _, _, z = latents()
    z = jnp.asarray(z, jnp.float32)
    keys = jax.random.split(jax.random.key(8), 400)

    def one(key):
        draws = jax.random.normal(key, z.shape)
        return squared_discrepancy(z, draws, gaussian_kernel)

    values = np.asarray(jax.jit(jax.vmap(one))(keys), np.float64)
    _, metrics, _ = run(partial(wae_mmd, kernel=gaussian_kernel))
    z_score = (metrics["mmd"] - values.mean()) / values.std(ddof=1)
    assert abs(z_score) < 4


@pytest.mark.slow
def test_two_players_see_each_other_without_gradient():
    loss, metrics, slopes = run(partial(factor_vae, critic=CRITIC, gamma=5.0))
    start, ledger, elbo_slopes = plain()
    expected = start + 5.0 * metrics["total_correlation"] + metrics["critic_loss"]
    assert loss == pytest.approx(expected, rel=1e-5)
    assert {k: metrics[k] for k in ledger} == pytest.approx(ledger, rel=1e-6)
    _, _, free = run(partial(factor_vae, critic=CRITIC, gamma=0.0))
    # Without weight the encoder does not feel the critic, which learns the same.
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
        free["model"],
        elbo_slopes["model"],
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6),
        free["objective"],
        slopes["objective"],
    )
    moved = jax.tree.map(
        lambda a, b: np.abs(a - b).max(),
        slopes["model"]["posterior"],
        free["model"]["posterior"],
    )
    assert max(jax.tree.leaves(moved)) > 1e-3


def test_the_total_correlation_is_the_critics_mean_logit():
    _, metrics, slopes = run(partial(factor_vae, critic=CRITIC))
    _, _, z = latents()
    z = jnp.asarray(z, jnp.float32)
    logits = CRITIC.apply({"params": critic_params()}, z)
    mean = float(logits.mean())
    assert metrics["total_correlation"] == pytest.approx(mean, abs=1e-5)
    # Its own gradient is that of the cross entropy on z and a permuted z.
    assert any((leaf != 0).any() for leaf in jax.tree.leaves(slopes["objective"]))


@pytest.mark.slow
def test_the_adversarial_autoencoder_descends_what_it_says():
    loss, metrics, slopes = run(
        partial(adversarial_autoencoder, critic=CRITIC, weight=2.0)
    )
    _, _, z = latents()
    logits = CRITIC.apply({"params": critic_params()}, jnp.asarray(z, jnp.float32))
    fooled = float(jax.nn.softplus(-logits).mean())
    expected = metrics["distortion"] + 2.0 * fooled + metrics["critic_loss"]
    assert loss == pytest.approx(expected, rel=1e-5)
    _, _, free = run(partial(adversarial_autoencoder, critic=CRITIC, weight=0.0))
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6),
        free["objective"],
        slopes["objective"],
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
        free["model"]["likelihood"],
        slopes["model"]["likelihood"],
    )


def test_a_critic_that_knows_has_no_loss_and_one_that_cannot_has_log_two():
    far = jnp.full(4, 50.0)
    assert float(classification_loss(far, -far)) == pytest.approx(0.0, abs=1e-6)
    assert float(classification_loss(-far, far)) == pytest.approx(50.0, rel=1e-6)
    zero = jnp.zeros(4)
    assert float(classification_loss(zero, zero)) == pytest.approx(np.log(2), rel=1e-6)


@pytest.mark.parametrize(
    ("objective", "posterior", "reason"),
    [
        (dip_vae_ii, Triangular(LATENT), "factorises .* Triangular"),
        (dip_vae_i, Deterministic(LATENT), "density|mean"),
        (info_vae, Deterministic(LATENT), "use objective=wae_mmd"),
        (partial(factor_vae, critic=CRITIC), Deterministic(LATENT), "density"),
    ],
)
def test_what_cannot_be_is_refused(objective, posterior, reason):
    model = ORACLE.model.clone(posterior=posterior)

    def call(model):
        return objective(model, {"x": X[:4]}, train=True)

    with pytest.raises(InputError, match=reason):
        nn.init(call, model)({"params": jax.random.key(0), "sample": jax.random.key(1)})


@pytest.mark.parametrize("objective", [wae_mmd])
def test_no_density_of_the_posterior_is_needed(objective):
    model = ORACLE.model.clone(posterior=Deterministic(LATENT))

    def call(model):
        return objective(model, {"x": X[:4]}, train=True)

    keys = {name: jax.random.key(i) for i, name in enumerate(("params", "sample"))}
    keys["objective"] = jax.random.key(5)
    (loss, metrics), _ = nn.init_with_output(call, model)(keys)
    assert np.isfinite(float(loss))
    assert set(metrics) == {"distortion", "mmd"}
