"""What a model with two layers refuses, and what it leaves out."""

import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from tests.models.parts import (
    EVENT,
    Deterministic,
    ImplicitPrior,
)
from tests.models.running import S, batch_of, start, terms_of
from tests.models.test_two_layer_vae import LOWER, UPPER, shapes, two_layers
from vaex.errors import InputError
from vaex.likelihoods.mean_squared_error import MeanSquaredError
from vaex.nn.convolutional import ConvolutionalDecoder
from vaex.nn.mlp import MLPEncoder
from vaex.objectives.evidence_lower_bound import elbo
from vaex.objectives.reconstruction import autoencoder
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.posteriors.planar_flow import PlanarFlow
from vaex.posteriors.power_spherical import PowerSpherical
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.priors.vamp_prior import VampPrior


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"likelihood": MeanSquaredError((EVENT,))}, ["log_px_z"]),
        ({"prior": ImplicitPrior(UPPER)}, ["log_pz", "kl"]),
        ({"posterior": Deterministic(UPPER)}, ["log_qz_x", "kl"]),
        ({"lower_posterior": Deterministic(LOWER)}, ["log_qz_x", "kl"]),
    ],
    ids=["loss", "prior", "upper", "lower"],
)
def test_what_has_no_density_is_left_out_and_refused_in_a_split(changes, missing):
    terms = shapes(two_layers(**changes))
    names = ("log_px_z", "log_pz", "log_qz_x", "kl")
    assert [n for n in names if getattr(terms, n) is None] == missing
    part = next(iter(changes))
    with pytest.raises(InputError, match=f"every density, but the {part} "):
        shapes(two_layers(**changes), split=True)


def test_pseudo_inputs_are_encoded_through_the_mean_of_the_lower_layer():
    prior = VampPrior(UPPER, event_shape=(EVENT,), num_pseudo_inputs=3)
    model, batch = two_layers(prior=prior), batch_of()
    variables = start(model, batch)

    def densities(model, batch, **options):
        terms = model.terms(batch, num_samples=S, train=False)
        q = model.encode({"x": variables["params"]["prior"]["pseudo_inputs"]})
        mixed = q.then(q.first.mean()).log_prob(terms.z[1][:, :, None])
        p1 = model.conditional_prior(model.upper_decoder(terms.z[1]))
        return terms.log_pz, p1.log_prob(terms.z[0]), mixed

    log_pz, log_p1, mixed = quick_jit(
        lambda: terms_of(model, variables, batch, method=densities)
    )()
    expected = np.log(np.exp(np.asarray(mixed, np.float64)).mean(-1))
    np.testing.assert_allclose(log_pz - log_p1, expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="VampPrior encodes .* which PlanarFlow"):
        shapes(two_layers(prior=prior, lower_posterior=PlanarFlow(LOWER)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conditional_prior": PlanarFlow(LOWER)}, "PlanarFlow lacks an inverse"),
        ({"conditional_prior": Deterministic(LOWER)}, "Deterministic lacks a density"),
        ({"conditional_prior": DiagonalGaussian(4)}, "must be equal, got 3 and 4"),
        ({"conditional_prior": PowerSpherical(LOWER)}, "must live in one space"),
        ({"posterior": PowerSpherical(UPPER)}, "must live in one space"),
        ({"upper_encoder": MLPEncoder()}, "upper_encoder must take vectors"),
        ({"upper_decoder": ConvolutionalDecoder()}, "upper_decoder must take vectors"),
        ({"closed_form_kl": "yes"}, "closed_form_kl must be true, false or auto"),
    ],
)
def test_parts_that_do_not_fit_are_refused_when_built(changes, message):
    with pytest.raises(InputError, match=message):
        two_layers(**changes)


def test_other_misfits_are_refused_before_anything_compiles():
    with pytest.raises(InputError, match=r"prior.latent_dim must be equal"):
        shapes(two_layers(prior=StandardGaussian(UPPER + 1)))
    with pytest.raises(InputError, match="posterior PlanarFlow has no inverse"):
        shapes(two_layers(posterior=PlanarFlow(UPPER)), split=True)

    def decoded(model, batch, **options):
        return model.decode(batch["x"])

    def reconstructed(model, batch, **options):
        return autoencoder(model, batch, train=False)

    with pytest.raises(InputError, match=r"z must be the pair \(z1, z2\)"):
        shapes(two_layers(), method=decoded)
    with pytest.raises(InputError, match="latent variables that are one vector"):
        shapes(two_layers(), method=reconstructed)


def test_the_upper_rate_is_closed_where_it_can_be():
    flow = {"posterior": PlanarFlow(UPPER)}
    with pytest.raises(InputError, match="closed_form_kl=true.*PlanarFlow"):
        shapes(two_layers(closed_form_kl=True, **flow))
    batch = batch_of()
    variables = start(two_layers(), batch)

    def logged(model, batch, **options):
        return elbo(model, batch, train=False, num_samples=S)[1]

    @quick_jit
    def compiled(variables):
        auto, never = two_layers(), two_layers(closed_form_kl=False)
        terms = [terms_of(model, variables, batch) for model in (auto, never)]
        return terms, terms_of(auto, variables, batch, method=logged)

    (closed, sampled), metrics = compiled(variables)
    whole = sampled.log_qz_x - sampled.log_pz
    np.testing.assert_allclose(sampled.kl.sum(-1), whole, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(closed.kl[..., 0], sampled.kl[..., 0])
    assert (closed.kl[..., 1] >= 0).all()
    assert (closed.kl[..., 1] != sampled.kl[..., 1]).all()
    expected = (closed.log_px_z - closed.kl.sum(-1)).mean()
    np.testing.assert_allclose(metrics["elbo"], expected, rtol=1e-5)
    assert two_layers().kl_groups == ("z1", "z2")
