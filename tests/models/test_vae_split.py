"""Split terms: gradient estimators of the bound, and what a lifted vjp must keep."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.models.parts import (
    EVENT,
    LATENT,
    Deterministic,
    DropoutDecoder,
    ImplicitPrior,
    NormalizedDecoder,
    NormalizedEncoder,
    Pseudo,
    vae,
)
from tests.models.running import B, S, batch_of, run, start, terms_of
from tests.oracles.ppca import ppca
from vaex.bounds import estimators
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.distributions.kl import closed_form_kl
from vaex.errors import InputError
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.training.experiment import Root
from vaex.types import log_weights


def surrogate(terms, estimator):
    a, b, c = estimator(log_weights(terms))
    parts = a * (terms.log_px_z + terms.log_pz) + c * terms.log_qz_x
    return -(parts + b * terms.aux["path"]).sum(0).mean()


def bound(terms):
    return -importance_weighted_bound(log_weights(terms)).mean()


ESTIMATORS = (
    "reparameterised",
    "sticking_the_landing",
    "doubly_reparameterised",
    "reweighted",
)
ROWS = 4


@functools.cache
def gradient_program(num_samples, names):
    """(params, x, keys [N]) -> name -> [N, ...] gradients, name among ESTIMATORS.

    "bound" is automatic differentiation of the importance-weighted bound.
    """
    model = ppca().model

    def loss(params, x, key, name):
        terms = model.apply(
            {"params": params},
            {"x": x},
            num_samples=num_samples,
            train=True,
            split=name != "bound",
            rngs={"sample": key},
            method="terms",
        )
        if name == "bound":
            return bound(terms)
        return surrogate(terms, getattr(estimators, name))

    @quick_jit
    def everything(params, x, keys):
        def one(key):
            return {name: jax.grad(loss)(params, x, key, name) for name in names}

        return jax.lax.map(one, keys, batch_size=50)

    return everything


def gradients(oracle, num_samples, count, names=("bound", *ESTIMATORS)):
    keys = jax.random.split(jax.random.key(3), count)
    params, x = oracle.variables["params"], jnp.asarray(oracle.x[:ROWS])
    return jax.device_get(gradient_program(num_samples, names)(params, x, keys))


def posterior_bias(gradient) -> np.ndarray:
    return gradient["posterior"]["projection"]["bias"].astype(np.float64)


def z_scores(samples: np.ndarray, expected: Any = 0.0) -> np.ndarray:
    se = samples.std(0, ddof=1) / np.sqrt(len(samples))
    return (samples.mean(0) - expected) / se


@functools.cache
def at_wrong_posterior(num_samples):
    return gradients(ppca(0.5, 1.4), num_samples, 2000)


@pytest.mark.slow
def test_roles_with_the_bounds_own_coefficients_give_its_gradient():
    found = at_wrong_posterior(S)
    jax.tree.map(
        # Differences of terms of order 10 and more, in float32.
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-4),
        *(found[name] for name in ("bound", "reparameterised")),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_leaves_the_generative_gradient_alone(name):
    found = at_wrong_posterior(S)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-4),
        *(found[n]["likelihood"] for n in (name, "bound")),
    )


@pytest.mark.parametrize(
    ("name", "num_samples"),
    [
        ("sticking_the_landing", 1),
        ("doubly_reparameterised", 1),
        ("doubly_reparameterised", S),
    ],
)
def test_unbiased_estimators_agree_with_the_bound_in_expectation(name, num_samples):
    found = at_wrong_posterior(num_samples)
    difference = posterior_bias(found[name]) - posterior_bias(found["bound"])
    assert difference.std() > 1e-3
    assert np.abs(z_scores(difference)).max() < 4.5


def test_sticking_the_landing_is_biased_for_more_samples():
    found = at_wrong_posterior(S)
    biased = posterior_bias(found["sticking_the_landing"])
    assert np.abs(z_scores(biased - posterior_bias(found["bound"]))).max() > 10


@pytest.mark.slow
def test_one_sample_gives_dreg_and_sticking_the_landing_alike_and_a_pure_score():
    found = at_wrong_posterior(1)
    landing, doubly = found["sticking_the_landing"], found["doubly_reparameterised"]
    # One weight is 1 exactly: what differs is the rounding of two programs.
    np.testing.assert_allclose(
        posterior_bias(landing), posterior_bias(doubly), rtol=1e-6, atol=2e-6
    )
    assert np.abs(z_scores(posterior_bias(found["reweighted"]))).max() < 4.5


def test_reweighted_follows_the_divergence_from_the_exact_posterior():
    wrong, exact = ppca(0.5, 1.4), ppca()
    x = exact.x[:ROWS]
    found = gradients(wrong, 500, 100, ("reweighted",))

    def divergence(params):
        p = exact.model.apply(exact.variables, {"x": x}, method="encode")
        q = wrong.model.apply({"params": params}, {"x": x}, method="encode")
        return closed_form_kl(p, q).sum(-1).mean()

    slope = quick_jit(jax.grad(divergence))(wrong.variables["params"])
    expected = posterior_bias(jax.device_get(slope))
    actual = posterior_bias(found["reweighted"])
    se = actual.std(0, ddof=1) / 10
    # The bias is O(1/S), here below a hundredth.
    slack = 0.01 * np.abs(expected).max()
    assert (np.abs(actual.mean(0) - expected) < 4.5 * se + slack).all()


def test_the_path_gradient_vanishes_at_the_exact_posterior():
    found = gradients(ppca(), S, 2000)
    for name in ("sticking_the_landing", "doubly_reparameterised"):
        for leaf in jax.tree.leaves(found[name]["posterior"]):
            np.testing.assert_allclose(leaf, 0.0, atol=1e-4)
    assert np.abs(posterior_bias(found["reparameterised"])).max() > 0.1


def both(model, batch, **options):
    """Terms and updated collections, split and not."""
    variables = start(model, batch)
    collections = [name for name in variables if name != "params"]

    @quick_jit
    def everything(variables):
        return [
            terms_of(
                model,
                variables,
                batch,
                mutable=collections,
                split=split,
                train=True,
                **options,
            )
            for split in (False, True)
        ]

    return variables, *everything(variables)


def test_split_changes_no_value_and_the_path_is_zero():
    _, (plain, _), (split, _) = both(vae(), batch_of())
    path = split.aux.pop("path")
    assert path.shape == (S, B)
    assert (path == 0.0).all()
    for name in ("log_px_z", "log_pz", "log_qz_x", "kl", "z"):
        np.testing.assert_allclose(
            getattr(split, name), getattr(plain, name), rtol=1e-6, err_msg=name
        )


@pytest.mark.slow
@pytest.mark.parametrize("prior", [None, Pseudo()], ids=["standard", "pseudo-inputs"])
def test_batch_statistics_are_updated_once(prior):
    model = vae(encoder=NormalizedEncoder(), decoder=NormalizedDecoder())
    if prior is not None:
        model = model.clone(prior=prior)
    batch = batch_of()
    variables, (plain, once), (split, again) = both(model, batch)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), once, again)
    stats = again["batch_stats"]
    expected = 0.01 * batch["x"].mean(0)
    np.testing.assert_allclose(stats["encoder"]["norm"]["mean"], expected, rtol=1e-5)
    first = variables["params"]["decoder"]["first"]
    features = np.asarray(split.z) @ first["kernel"] + first["bias"]
    expected = 0.99 + 0.01 * features.var((0, 1))
    np.testing.assert_allclose(stats["decoder"]["norm"]["var"], expected, rtol=1e-5)
    np.testing.assert_allclose(split.log_px_z, plain.log_px_z, rtol=1e-5)


@pytest.mark.slow
def test_noise_layers_work_inside_a_split():
    model = vae(decoder=DropoutDecoder())
    _, (plain, _), (split, _) = both(model, batch_of())
    assert np.isfinite(split.log_px_z).all()
    assert (split.z == plain.z).all()
    still = run(model, batch_of(), train=False, split=True)
    np.testing.assert_allclose(
        still.log_px_z, run(model, batch_of(), train=False).log_px_z, rtol=1e-6
    )


@pytest.mark.slow
def test_a_split_works_where_the_model_is_a_part_of_another_module():
    def objective(model, batch, *, train):
        terms = model.terms(batch, num_samples=S, train=train, split=True)
        return surrogate(terms, estimators.doubly_reparameterised), {}

    model = vae(
        encoder=NormalizedEncoder(), decoder=NormalizedDecoder(), prior=Pseudo()
    )
    root, batch = Root(model, objective), batch_of()
    rngs = {"sample": jax.random.key(0)}

    @quick_jit
    def everything(key):
        variables = root.init({"params": key, **rngs}, batch, train=True, weights={})

        def loss(params):
            return root.apply(
                {**variables, "params": params},
                batch,
                train=True,
                weights={},
                rngs=rngs,
                mutable=["batch_stats"],
            )[0][0]

        return variables, jax.grad(loss)(variables["params"])

    variables, slopes = everything(jax.random.key(1))
    expected = jax.tree.structure(start(model, batch)["params"])
    assert jax.tree.structure(variables["params"]["model"]) == expected
    for path, slope in jax.tree_util.tree_leaves_with_path(slopes):
        assert np.isfinite(slope).all(), path
        assert (slope != 0).any(), path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"likelihood": MeanSquaredError((EVENT,))}, "likelihood MeanSquaredError"),
        ({"posterior": Deterministic(LATENT)}, "posterior Deterministic"),
        ({"prior": ImplicitPrior(LATENT)}, "prior ImplicitPrior"),
    ],
    ids=["likelihood", "posterior", "prior"],
)
def test_a_split_without_a_density_says_which_is_missing(changes, reason):
    with pytest.raises(InputError, match=reason):
        run(vae(**changes), batch_of(), split=True)
