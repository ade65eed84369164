"""Every posterior for either layer, every prior and every objective, with two layers.

Folders are walked: a new part is tested with no test edited.
"""

import functools

import jax
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.contracts.latents import POSTERIORS, PRIORS, example
from tests.contracts.test_configs import ROWS, options, small
from tests.models.parts import EVENT
from tests.models.running import B, S, batch_of, start, terms_of
from tests.models.test_two_layer_vae import two_layers
from vaex.cli._check import check
from vaex.errors import InputError
from vaex.io.parts import assemble
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.priors.vamp_prior import VampPrior
from vaex.types import log_weights

pytestmark = pytest.mark.slow


def prior_for(kind):
    """The plainest prior where samples of a posterior class live."""
    fitting = [prior for prior in PRIORS if prior.space == kind.space]
    return example(sorted(fitting, key=lambda p: "Standard" not in p.__name__)[0])


def upper(kind):
    return {"posterior": example(kind), "prior": prior_for(kind)}


def lower(kind):
    same = kind if kind.has_inverse else DiagonalGaussian
    return {"lower_posterior": example(kind), "conditional_prior": example(same)}


def assert_consistent(model):
    """Shapes, finite gradients, and q's own density of what it draws."""
    batch = batch_of()
    variables = start(model, batch)
    kinds = (model.lower_posterior, model.posterior)
    has_inverse = all(kind.has_inverse for kind in kinds)
    has_density = all(kind.has_density for kind in kinds)

    def loss(params):
        terms = terms_of(model, {"params": params}, batch, train=True)
        whole = log_weights(terms) if has_density else terms.log_px_z
        return whole.mean(), terms

    def density(model, batch, z, **_):
        return model.encode(batch).log_prob(z)

    @quick_jit
    def compiled(params):
        slope, terms = jax.grad(loss, has_aux=True)(params)
        if not has_inverse:
            return slope, terms, terms.log_qz_x
        verb = functools.partial(density, z=terms.z)
        own = terms_of(model, {"params": params}, batch, method=verb)
        return slope, terms, own

    slope, terms, own = jax.device_get(compiled(variables["params"]))
    assert terms.log_px_z.shape == (S, B)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope))
    if has_density:
        assert terms.kl.shape == (S, B, 2)
        assert terms.log_pz.shape == terms.log_qz_x.shape == (S, B)
        # A density is a sum over few dimensions, in float32.
        np.testing.assert_allclose(terms.log_qz_x, own, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("layer", [upper, lower])
@pytest.mark.parametrize("kind", POSTERIORS)
def test_a_posterior_serves_either_layer_or_says_why_not(kind, layer):
    if kind.is_reparameterized:
        assert_consistent(two_layers(**layer(kind)))
        return
    with pytest.raises(InputError, match="samples pass a gradient"):
        two_layers(**layer(kind))


@pytest.mark.parametrize(
    "kind", [k for k in PRIORS if k.space in (None, "real vectors")]
)
def test_a_prior_serves_the_upper_layer(kind):
    prior = example(kind)
    if kind is VampPrior:
        prior = prior.clone(event_shape=(EVENT,))
    assert_consistent(two_layers(prior=prior, posterior=DiagonalGaussian(2)))


TAKEN = {
    *("ciwae", "iwae", "miwae", "piwae", "renyi", "reweighted_wake_sleep", "vimco"),
    *("capacity", "elbo", "free_bits", "geco"),
}


@pytest.mark.parametrize("option", options("objective"))
def test_an_objective_takes_two_layers_or_refuses_in_words(option, tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.random.RandomState(0).normal(size=(8, 6)).astype(np.float32))
    words = ("data=array", "likelihood=gaussian", "model=two_layer_vae")
    parts = assemble(small(*words, f"objective={option}", path=path))
    if option in TAKEN:
        check(parts, ROWS)
        if option == "reweighted_wake_sleep":
            dreaming = (*words, f"objective={option}", "objective.sleep=true")
            check(assemble(small(*dreaming, path=path)), ROWS)
        return
    with pytest.raises(InputError, match=f"{option} needs .*(vector|posterior)"):
        check(parts, ROWS)
