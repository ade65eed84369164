"""The VAE: its terms, what may be missing of them, and what reaches which part."""

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
    ImplicitPrior,
    LaplacePrior,
    NormalizedEncoder,
    Pseudo,
    Triangular,
    vae,
)
from tests.models.running import B, S, batch_of, run, some, start, terms_of
from vaex.distributions.kl import closed_form_kl
from vaex.errors import InputError
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.training.experiment import Root
from vaex.types import log_weights


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
