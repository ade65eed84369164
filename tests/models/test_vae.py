"""The VAE: its terms, what reaches which part, and split computations."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.models import parts
from tests.models.parts import (
    EVENT,
    LATENT,
    Deterministic,
    DropoutDecoder,
    ImplicitPrior,
    LaplacePrior,
    NormalizedDecoder,
    NormalizedEncoder,
    Pseudo,
    Triangular,
    vae,
)
from tests.oracles.ppca import ppca
from vaex.bounds import estimators
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.distributions.kl import closed_form_kl
from vaex.errors import InputError
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.training.experiment import Root
from vaex.types import log_weights

S, B = 4, 3


def some(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def batch_of(**more: Any) -> dict[str, Any]:
    return {"x": some(B, EVENT)} | more


def start(model, batch) -> dict[str, Any]:
    """Variables filled by numpy; batch statistics as they start."""
    shapes = jax.eval_shape(
        lambda: model.init(
            {"params": jax.random.key(0), "sample": jax.random.key(1)}, batch
        )
    )
    generator = np.random.default_rng(1)
    params = jax.tree.map(
        lambda leaf: (0.5 * generator.normal(size=leaf.shape)).astype(leaf.dtype),
        shapes["params"],
    )
    if "batch_stats" not in shapes:
        return {"params": params}
    stats = jax.tree_util.tree_map_with_path(
        lambda path, leaf: np.full(
            leaf.shape, float(path[-1].key == "var"), np.float32
        ),
        shapes["batch_stats"],
    )
    return {"params": params, "batch_stats": stats}


def terms_of(model, variables, batch, *, seed=0, mutable=False, method="terms", **o):
    options = {"num_samples": S, "train": False} | o
    key = jax.random.key(seed)
    rngs = {"sample": key, "dropout": jax.random.fold_in(key, 1)}
    return model.apply(
        variables, batch, rngs=rngs, method=method, mutable=mutable, **options
    )


def run(model, batch, variables=None, **options):
    """The same, compiled, where need be with variables made here."""
    if variables is None:
        variables = start(model, batch)

    @quick_jit
    def compiled(variables, batch):
        return terms_of(model, variables, batch, **options)

    return compiled(variables, batch)


def test_terms_are_the_densities_of_their_own_samples():
    model, batch = vae(), batch_of()
    variables = start(model, batch)

    @quick_jit
    def everything():
        terms = terms_of(model, variables, batch)

        def densities(model, batch, z):
            q, p = model.encode(batch), model.prior_distribution()
            px = model.decode(z).log_prob(batch["x"])
            return px, p.log_prob(z), q.log_prob(z), closed_form_kl(q, p)

        expected = model.apply(variables, batch, terms.z, method=densities)
        return terms, expected

    terms, (log_px_z, log_pz, log_qz_x, kl) = everything()
    assert terms.z.shape == (S, B, LATENT)
    assert terms.aux == {}
    np.testing.assert_allclose(terms.log_px_z, log_px_z, rtol=1e-5)
    np.testing.assert_allclose(terms.log_pz, log_pz, rtol=1e-5)
    np.testing.assert_allclose(terms.log_qz_x, log_qz_x, rtol=1e-5)
    np.testing.assert_allclose(terms.kl, kl[None], rtol=1e-6)
    for density in (terms.log_px_z, terms.log_pz, terms.log_qz_x):
        assert density.shape == (S, B)
        assert density.dtype == jnp.float32


# Split computations.


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


def test_roles_with_the_bounds_own_coefficients_give_its_gradient():
    found = at_wrong_posterior(S)
    jax.tree.map(
        # Differences of terms of order 10 and more, in float32.
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-4),
        *(found[name] for name in ("bound", "reparameterised")),
    )


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


def test_one_sample_gives_dreg_and_sticking_the_landing_alike_and_a_pure_score():
    found = at_wrong_posterior(1)
    landing, doubly = found["sticking_the_landing"], found["doubly_reparameterised"]
    np.testing.assert_array_equal(posterior_bias(landing), posterior_bias(doubly))
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


@pytest.mark.parametrize("prior", [None, Pseudo()], ids=["standard", "pseudo-inputs"])
def test_batch_statistics_are_updated_once(prior):
    model = vae(encoder=NormalizedEncoder(), decoder=NormalizedDecoder())
    if prior is not None:
        model = model.clone(prior=prior)
    batch = batch_of()
    variables, (plain, once), (split, again) = both(model, batch)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), once, again)
    stats = split_stats = again["batch_stats"]
    expected = 0.01 * batch["x"].mean(0)
    np.testing.assert_allclose(stats["encoder"]["norm"]["mean"], expected, rtol=1e-5)
    first = variables["params"]["decoder"]["first"]
    features = np.asarray(split.z) @ first["kernel"] + first["bias"]
    expected = 0.99 + 0.01 * features.var((0, 1))
    np.testing.assert_allclose(
        split_stats["decoder"]["norm"]["var"], expected, rtol=1e-5
    )
    np.testing.assert_allclose(split.log_px_z, plain.log_px_z, rtol=1e-5)


def test_noise_layers_work_inside_a_split():
    model = vae(decoder=DropoutDecoder())
    _, (plain, _), (split, _) = both(model, batch_of())
    assert np.isfinite(split.log_px_z).all()
    assert (split.z == plain.z).all()
    still = run(model, batch_of(), train=False, split=True)
    np.testing.assert_allclose(
        still.log_px_z, run(model, batch_of(), train=False).log_px_z, rtol=1e-6
    )


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


# One encoding, used again.


def test_a_posterior_that_is_passed_on_is_not_computed_again():
    model = vae(encoder=NormalizedEncoder())
    batch = batch_of()
    variables = start(model, batch)

    def reuse(model, batch):
        q = model.encode(batch, train=True)
        return model.terms(batch, num_samples=S, train=True, posterior=q)

    @quick_jit
    def compiled(variables):
        rngs, options = {"sample": jax.random.key(0)}, {"mutable": ["batch_stats"]}
        return model.apply(variables, batch, rngs=rngs, method=reuse, **options)

    parts.CALLS.clear()
    reused, updated = compiled(variables)
    assert parts.CALLS == [True]
    whole, once = run(model, batch, variables, train=True, mutable=["batch_stats"])
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6),
        (reused, updated),
        (whole, once),
    )


# What has no density.


def test_a_loss_only_head_gives_its_loss_in_place_of_a_density():
    terms = run(vae(likelihood=MeanSquaredError((EVENT,))), batch_of())
    assert terms.log_px_z is None
    assert list(terms.aux) == ["reconstruction_loss"]
    assert terms.aux["reconstruction_loss"].shape == (S, B)
    assert (terms.aux["reconstruction_loss"] >= 0).all()
    assert terms.kl.shape == (1, B, LATENT)
    with pytest.raises(ValueError, match="likelihood head has no density"):
        log_weights(terms)


def test_a_posterior_without_a_density_leaves_its_terms_out():
    model, batch = vae(posterior=Deterministic(LATENT)), batch_of()
    terms = run(model, batch)
    assert terms.log_qz_x is None
    assert terms.kl is None
    assert terms.log_px_z.shape == terms.log_pz.shape == (S, B)
    assert (terms.z == terms.z[0]).all()
    with pytest.raises(ValueError, match="posterior has no density"):
        log_weights(terms)
    with pytest.raises(ValueError, match="posterior and a prior with a density"):
        jax.eval_shape(
            lambda key: Root(model, elbo).init(
                {"params": key, "sample": key}, batch, train=True, weights={}
            ),
            jax.random.key(0),
        )


def test_a_prior_without_a_density_leaves_its_terms_out():
    terms = run(vae(prior=ImplicitPrior(LATENT)), batch_of())
    assert terms.log_pz is None
    assert terms.kl is None
    assert terms.log_qz_x.shape == (S, B)
    with pytest.raises(ValueError, match="prior has no density"):
        log_weights(terms)


# The divergence.


@pytest.mark.parametrize(
    ("changes", "closed", "groups"),
    [
        ({}, True, LATENT),
        ({"prior": LaplacePrior()}, False, LATENT),
        ({"prior": Pseudo()}, False, 1),
        ({"posterior": Triangular(LATENT)}, True, 1),
        ({"posterior": Triangular(LATENT), "prior": LaplacePrior()}, False, 1),
    ],
    ids=["both", "laplace", "pseudo-inputs", "triangular", "triangular-laplace"],
)
@pytest.mark.parametrize("choice", ["auto", False, True])
def test_the_divergence_has_the_named_groups(changes, closed, groups, choice):
    model = vae(closed_form_kl=choice, **changes)
    assert len(model.kl_groups) == groups
    if choice is True and not closed:
        names = f"{type(model.posterior).__name__} and {type(model.prior).__name__}"
        with pytest.raises(InputError, match=f"closed_form_kl=true.*{names}.*auto"):
            start(model, batch_of())
        return
    variables, exact = start(model, batch_of()), closed and choice is not False
    shapes = jax.eval_shape(lambda: terms_of(model, variables, batch_of()))
    assert shapes.kl.shape == (1 if exact else S, B, groups)
    if choice is False:
        terms = run(model, batch_of(), variables)
        np.testing.assert_allclose(
            terms.kl.sum(-1), terms.log_qz_x - terms.log_pz, rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("choice", ["yes", None, 1])
def test_another_choice_of_divergence_is_refused(choice):
    with pytest.raises(InputError, match=f"closed_form_kl must be .*got {choice!r}"):
        vae(closed_form_kl=choice)


# What reaches which part.


def outputs(model, variables, batch, z):
    """Posterior locations and mean of p(x|z)."""

    def both(model):
        q = model.encode(batch)
        return q.distribution.loc, model.decode(z, batch.get("condition")).mean()

    return quick_jit(lambda: model.apply(variables, method=both))()


def test_the_condition_reaches_encoder_and_decoder():
    model, z = vae(), some(S, B, LATENT)
    batch = batch_of(condition=some(B, 5, seed=1))
    variables = start(model, batch)
    other = batch["condition"].copy()
    other[1] += 1.0
    before = outputs(model, variables, batch, z)
    after = outputs(model, variables, batch | {"condition": other}, z)
    for a, b in zip(before, after, strict=True):
        changed = np.abs(a - b).sum(-1) > 1e-4
        changed = changed.all(0) if changed.ndim == 2 else changed
        assert changed.tolist() == [False, True, False]
    assert run(model, batch, variables, split=True).log_px_z.shape == (S, B)


def test_the_encoder_sees_the_input_and_the_likelihood_x():
    model, z = vae(), some(S, B, LATENT)
    plain = batch_of()
    seen = plain | {"input": some(B, 7, seed=2)}
    variables = start(model, seen)
    assert variables["params"]["encoder"]["stack"]["Dense_0"]["kernel"].shape[0] == 7
    loc, mean = outputs(model, variables, seen, z)
    other = outputs(model, variables, seen | {"x": plain["x"] + 1.0}, z)
    np.testing.assert_array_equal(other[0], loc)
    np.testing.assert_array_equal(other[1], mean)
    first = run(model, seen, variables)
    second = run(model, seen | {"x": plain["x"] + 1.0}, variables)
    np.testing.assert_array_equal(first.z, second.z)
    assert (first.log_px_z != second.log_px_z).all()


def test_masked_cells_are_zero_to_the_encoder_and_uncounted():
    model, mask = vae(), np.ones((B, EVENT), bool)
    mask[0, 1] = mask[2, :] = False
    x = np.where(mask, some(B, EVENT), np.nan).astype(np.float32)
    batch = {"x": x, "mask": mask}
    variables = start(model, batch)
    terms = run(model, batch, variables)
    assert np.isfinite(terms.log_px_z).all()
    assert (terms.log_px_z[:, 2] == 0).all()
    zeros = run(model, {"x": np.where(mask, x, 0.0)}, variables)
    np.testing.assert_array_equal(terms.z, zeros.z)
    np.testing.assert_array_equal(terms.log_px_z[:, 1], zeros.log_px_z[:, 1])
    assert (terms.log_px_z[:, 0] != zeros.log_px_z[:, 0]).all()


def test_pseudo_inputs_are_encoded_in_evaluation_mode():
    model, batch = vae(encoder=NormalizedEncoder(), prior=Pseudo()), batch_of()
    variables = start(model, batch)
    parts.CALLS.clear()
    terms, updated = run(model, batch, variables, train=True, mutable=["batch_stats"])
    assert sorted(parts.CALLS) == [False, True]
    assert terms.kl.shape == (S, B, 1)
    np.testing.assert_allclose(
        updated["batch_stats"]["encoder"]["norm"]["mean"],
        0.01 * batch["x"].mean(0),
        rtol=1e-5,
    )
    _, unchanged = run(model, batch, variables, mutable=["batch_stats"])
    jax.tree.map(
        np.testing.assert_array_equal,
        unchanged["batch_stats"],
        variables["batch_stats"],
    )


def test_verbs_of_the_prior_and_the_decoder_work_alone():
    model, batch = vae(), batch_of()
    variables = start(model, batch)

    def generate(model, key):
        z = model.prior_distribution().sample(seed=key, sample_shape=(6,))
        return z, model.decode(z).mean()

    z, mean = quick_jit(lambda key: model.apply(variables, key, method=generate))(
        jax.random.key(0)
    )
    assert z.shape == (6, LATENT)
    assert mean.shape == (6, EVENT)


def test_one_sample_terms_touch_every_parameter():
    model = vae(encoder=MLPEncoder(hidden=(3, 2)), decoder=MLPDecoder(hidden=()))
    rngs = {"params": jax.random.key(0), "sample": jax.random.key(1)}
    called = jax.eval_shape(lambda: model.init(rngs, batch_of()))
    split = jax.eval_shape(
        lambda: model.init(
            rngs, batch_of(), num_samples=2, train=True, split=True, method="terms"
        )
    )
    assert jax.tree.structure(called) == jax.tree.structure(split)
    assert set(called["params"]) == {"encoder", "posterior", "likelihood"}
