"""VAEs with categorical latents against enumeration: 2 variables of 3 categories.

Every expectation over K samples is a sum over all K-tuples of the 9 codes: a posterior
that recites given codes stands in for one that draws them, so that what the objectives
do is summed exactly, with no sampling error.
"""

import functools
import itertools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.models.parts import EVENT, vae
from tests.models.running import run, some, start
from vaex.bounds import estimators
from vaex.distributions._categorical_vectors import (
    OneHotVectors,
    StraightThroughVectors,
)
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.importance_weighted import iwae
from vaex.posteriors.categorical import Categorical
from vaex.posteriors.straight_through_categorical import StraightThroughCategorical
from vaex.priors import categorical as priors

V, C, B = 2, 3, 2
SIZES = {"num_variables": V, "num_categories": C}
CODES = np.array(
    [np.eye(C)[list(which)].ravel() for which in itertools.product(range(C), repeat=V)],
    np.float32,
)
BATCH = {"x": some(B, EVENT, seed=3)}
partial = functools.partial


def reciting(kind: Any, codes: Any) -> Any:
    """A posterior of this kind whose S samples are codes [S, L], for each example."""
    base = StraightThroughVectors if kind.is_reparameterized else OneHotVectors

    class Recited(base):
        def _sample_n(self, key: Any, n: int) -> Any:
            assert len(codes) == n
            smooth = jnp.exp(self.logits).reshape(*self.batch_shape, -1)
            drawn = jnp.broadcast_to(codes[:, None], (n, *smooth.shape))
            if kind.is_reparameterized:
                drawn = drawn + (smooth - jax.lax.stop_gradient(smooth))
            return drawn

    class Recital(kind):
        def from_raw(self, raw: Any, settings: Any) -> Any:
            return Recited(raw)

    return Recital(**SIZES)


def model_of(posterior: Any) -> Any:
    return vae(posterior=posterior, prior=priors.Categorical(**SIZES, learned=True))


VARIABLES = functools.cache(lambda: start(model_of(Categorical(**SIZES)), BATCH))


def enumerated(params: Any) -> dict[str, Any]:
    """Everything by sums over codes: differentiable, and with no estimator in it."""

    def parts(model: Any) -> Any:
        q, p = model.encode(BATCH), model.prior_distribution()
        z = jnp.broadcast_to(CODES[:, None], (len(CODES), B, V * C))
        split = [jax.nn.log_softmax(d.logits) for d in (q, p)]
        kl = (jnp.exp(split[0]) * (split[0] - split[1])).sum(-1)
        log_q = jnp.einsum("kvc,bvc->kb", CODES.reshape(-1, V, C), split[0])
        log_p = jnp.einsum("kvc,vc->k", CODES.reshape(-1, V, C), split[1])
        return model.decode(z).log_prob(BATCH["x"]), log_p[:, None], log_q, kl

    log_px_z, log_p, log_q, kl = nn.apply(parts, model_of(Categorical(**SIZES)))(
        {"params": params}
    )
    log_w = log_px_z + log_p - log_q
    pair = jnp.logaddexp(log_w[:, None], log_w[None]) - jnp.log(2.0)
    weights = jnp.exp(log_q[:, None] + log_q[None])
    return {
        "log_px": jax.nn.logsumexp(log_px_z + log_p, 0),
        "elbo": (jnp.exp(log_q) * log_w).sum(0),
        "bound of two": (weights * pair).sum((0, 1)),
        "kl": kl,
        "log_q": log_q,
    }


def loss_of(posterior: Any, objective: Any, batch: Any, params: Any, key: Any) -> Any:
    def loss(model: Any) -> Any:
        return objective(model, batch, train=True)

    return nn.apply(loss, model_of(posterior))(
        {"params": params}, rngs={"sample": key, "objective": key}
    )


def summed_over_tuples(params: Any, kind: Any, objective: Any, size: int) -> Any:
    """Mean loss, its gradient and the metrics over all tuples of codes, weighted by
    their probabilities; the mean over examples, one at a time."""
    tuples = jnp.array(list(itertools.product(range(len(CODES)), repeat=size)))
    log_q = jax.lax.stop_gradient(enumerated(params)["log_q"])

    def one(which: Any, row: Any) -> Any:
        recital, batch = reciting(kind, jnp.asarray(CODES)[which]), {"x": row[None]}

        def loss(params: Any) -> Any:
            return loss_of(recital, objective, batch, params, jax.random.key(0))

        return jax.value_and_grad(loss, has_aux=True)(params)

    rows = jnp.asarray(BATCH["x"])
    found = jax.vmap(lambda row: jax.vmap(lambda t: one(t, row))(tuples))(rows)
    weights = jnp.exp(log_q[tuples].sum(1)).T / B  # [B, tuples]
    return jax.tree.map(lambda a: jnp.tensordot(weights, a, 2), found)


BOUNDS = ("elbo", "bound of two")
VIMCO = partial(iwae, num_samples=2, estimator=estimators.vimco)


@functools.cache
def exact() -> Any:
    """Values, and the gradients of minus the mean bounds."""

    @quick_jit
    def everything(params: Any) -> Any:
        def losses(params: Any) -> Any:
            values = enumerated(params)
            return [-values[n].mean() for n in BOUNDS], values

        slopes, values = jax.jacrev(losses, has_aux=True)(params)
        return values, dict(zip(BOUNDS, slopes, strict=True))

    return jax.device_get(everything(VARIABLES()["params"]))


@functools.cache
def summed(kind: Any, objective: Any, size: int) -> Any:
    sums = quick_jit(lambda p: summed_over_tuples(p, kind, objective, size))
    return jax.device_get(sums(VARIABLES()["params"]))


def assert_mean(values: Any, expected: Any) -> None:
    """The mean over the first axis is within 4.5 standard errors, or exact."""
    values = np.asarray(values, np.float64)
    error = values.std(0, ddof=1) / np.sqrt(len(values))
    # Parameters of a unit that is off have slope 0, and no error.
    assert (np.abs(values.mean(0) - expected) <= 4.5 * error).all()


def test_bounds_rise_to_the_likelihood():
    values, _ = exact()
    assert (values["elbo"] < values["bound of two"] - 1e-3).all()
    assert (values["bound of two"] < values["log_px"] - 1e-3).all()
    np.testing.assert_allclose(np.exp(values["log_q"]).sum(0), 1.0, rtol=1e-5)


@pytest.mark.slow
def test_the_mean_gradient_of_vimco_is_that_of_the_bound_exactly():
    values, slopes = exact()
    (loss, _), vimco = summed(Categorical, VIMCO, 2)
    assert loss == pytest.approx(-values["bound of two"].mean(), rel=1e-5)
    for path, leaf in jax.tree_util.tree_leaves_with_path(vimco):
        name = jax.tree_util.keystr(path)
        expected = functools.reduce(lambda d, k: d[k.key], path, slopes["bound of two"])
        # Sums over 81 tuples of float32 slopes of order 10 that cancel.
        np.testing.assert_allclose(leaf, expected, rtol=1e-4, atol=3e-5, err_msg=name)
        assert np.abs(expected).max() > 1e-3, name


@pytest.mark.slow
def test_the_straight_through_elbo_is_the_discrete_one_by_its_parts():
    values, slopes = exact()
    (loss, ledger), slope = summed(StraightThroughCategorical, elbo, 1)
    assert loss == pytest.approx(-values["elbo"].mean(), rel=1e-5)
    assert ledger["elbo"] == pytest.approx(values["elbo"].mean(), rel=1e-5)
    assert ledger["rate"] == pytest.approx(values["kl"].sum(-1).mean(), rel=1e-5)
    # Exact where no gradient passes through z; biased, but not 0, where one does.
    for part in ("decoder", "likelihood", "prior"):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
            slope[part],
            slopes["elbo"][part],
        )
    ours, exactly = slope["posterior"], slopes["elbo"]["posterior"]
    difference = jax.tree.map(lambda a, b: np.abs(a - b).max(), ours, exactly)
    assert 1e-3 < max(jax.tree.leaves(difference)) < 10
    assert all((leaf != 0).any() for leaf in jax.tree.leaves(ours))


def test_terms_of_one_hot_codes():
    model = model_of(Categorical(**SIZES))
    assert model.kl_groups == ("z0", "z1")
    terms = run(model, BATCH, VARIABLES(), split=True, train=True)
    assert terms.aux == {}
    z = terms.z.reshape(-1, V, C)
    assert (z.sum(-1) == 1).all()
    np.testing.assert_allclose(terms.kl, exact()[0]["kl"][None], rtol=1e-5)
    which = (np.asarray(terms.z)[:, :, None] == CODES).all(-1).argmax(-1)
    log_q = np.take_along_axis(exact()[0]["log_q"], which, 0)
    np.testing.assert_allclose(terms.log_qz_x, log_q, rtol=1e-5)


@pytest.mark.slow
def test_sampled_vimco_has_the_mean_gradient_of_the_bound():
    """|z| below 4.5 for each of the parameters, over 20 000 draws."""
    draws, params = 20_000, VARIABLES()["params"]

    @quick_jit
    def sampled(key):
        def slope(key):
            def loss(params):
                return loss_of(Categorical(**SIZES), VIMCO, BATCH, params, key)[0]

            return jax.grad(loss)(params)

        return jax.vmap(slope)(jax.random.split(key, draws))

    slopes, expected = sampled(jax.random.key(1)), exact()[1]["bound of two"]

    jax.tree.map(assert_mean, slopes, expected)
