"""GECO and reweighted wake-sleep: who moves whom, and by how much."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from tests.contracts.compiled import quick_jit
from tests.oracles.ppca import LATENT, ppca
from vaex.errors import InputError
from vaex.objectives.constrained import geco
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.importance_weighted import iwae
from vaex.objectives.multiplier import Multiplier
from vaex.objectives.wake_sleep import reweighted_wake_sleep
from vaex.training.experiment import Joined, Root

SHIFT, STRETCH = 0.5, 1.4
partial = functools.partial


def slopes(objective, rows=8, keys=1, extra=None, shift=SHIFT):
    """Loss, metrics and gradient at the oracle, [keys, ...]."""
    oracle = ppca(shift, STRETCH)
    batch = {"x": jnp.asarray(oracle.x[:rows])}
    root = Root(oracle.model, objective)
    params = {"model": oracle.variables["params"], **(extra or {})}

    @quick_jit
    def everything(params, keys):
        def one(key):
            def loss(params):
                rngs = {"sample": key, "objective": jax.random.fold_in(key, 1)}
                return root.apply(
                    {"params": params}, batch, train=True, weights={}, rngs=rngs
                )

            return jax.value_and_grad(loss, has_aux=True)(params)

        return jax.lax.map(one, keys, batch_size=50)

    return jax.device_get(everything(params, jax.random.split(jax.random.key(4), keys)))


def assert_close(one, two):
    # Sums of terms of order 10, in float32.
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5), one, two
    )


@pytest.mark.parametrize("start", [0.2, 1.0, 30.0])
def test_geco_is_the_lagrangian_and_its_multiplier_ascends(start):
    multiplier = Multiplier(start)
    raw = start + np.log(-np.expm1(-start))
    extra = {"objective": {"learned_multiplier": {"raw": jnp.float32(raw)}}}
    objective = Joined(partial(geco, tolerance=2.0), {"multiplier": multiplier})
    (loss, metrics), found = slopes(objective, extra=extra)
    excess = metrics["distortion"] - 2.0
    np.testing.assert_allclose(loss, metrics["rate"] + start * excess, rtol=1e-4)
    np.testing.assert_allclose(metrics["multiplier"], start, rtol=1e-5)
    slope = found["objective"]["learned_multiplier"]["raw"]
    np.testing.assert_allclose(slope, -expit(raw) * excess, rtol=1e-4)
    # lambda weighs the distortion: the gradient of (1/lambda, 1) times the terms.
    _, weighed = slopes(partial(elbo, beta=1.0 / start))
    assert_close(
        found["model"], jax.tree.map(lambda leaf: start * leaf, weighed["model"])
    )


def test_a_multiplier_starts_where_it_is_told():
    for start in (1e-3, 1.0, 100.0):
        multiplier = Multiplier(start)
        variables = multiplier.init(jax.random.key(0), jnp.zeros(()))
        value = multiplier.apply(variables, jnp.zeros(()))[1]
        assert float(value) == pytest.approx(start, rel=1e-4)
    with pytest.raises(InputError, match="start must be above 0, got 0"):
        Multiplier(0.0)


def test_wake_moves_the_model_as_iwae_does():
    (loss, _), wake = slopes(partial(reweighted_wake_sleep, num_samples=6))
    (bound, _), own = slopes(partial(iwae, num_samples=6))
    np.testing.assert_allclose(loss, bound, rtol=1e-6)
    assert_close(wake["model"]["likelihood"], own["model"]["likelihood"])


@pytest.mark.slow
def test_dreams_leave_the_model_alone_and_share_the_posterior():
    shares = {}
    for share in (0.0, 0.5, 0.75):
        objective = partial(
            reweighted_wake_sleep, num_samples=6, sleep=True, sleep_share=share
        )
        shares[share] = slopes(objective)[1]["model"]
    wake = slopes(partial(reweighted_wake_sleep, num_samples=6))[1]["model"]
    assert_close(shares[0.0], wake)
    for share in (0.5, 0.75):
        assert_close(shares[share]["likelihood"], wake["likelihood"])
    # Linear in the share: half way between none and twice 0.75 less 0.5.
    middle = jax.tree.map(
        lambda none, more: none + (more - none) * 0.5 / 0.75,
        wake["posterior"],
        shares[0.75]["posterior"],
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3),
        middle,
        shares[0.5]["posterior"],
    )


@pytest.mark.slow
def test_dreams_pull_the_posterior_to_the_exact_one():
    """Slope for q's mean: its distance from the exact mean over its variance."""
    share = 0.999
    objective = partial(
        reweighted_wake_sleep, num_samples=1, sleep=True, sleep_share=share
    )
    _, found = slopes(objective, rows=16, keys=1000)
    bias = found["model"]["posterior"]["projection"]["bias"].astype(np.float64)
    oracle = ppca(SHIFT, STRETCH)
    q = oracle.model.apply(
        oracle.variables, {"x": jnp.asarray(oracle.x[:1])}, method="encode"
    )
    scale = np.asarray(q.distribution.scale, np.float64)[0]
    slope = bias.reshape(1000, LATENT, 2)[..., 0]
    mean, error = slope.mean(0), slope.std(0, ddof=1) / np.sqrt(1000)
    # One sample's wake phase has mean 0: S = 1 gives the score, at share 0.001.
    assert (np.abs(mean - share * SHIFT / scale) < 4 * error).all()
    assert (np.abs(mean) > 10 * error).all()
