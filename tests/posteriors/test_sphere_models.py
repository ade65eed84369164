"""Models whose latent vectors live on the unit sphere, and pairs that are refused."""

import numpy as np
import pytest

from tests.models.parts import EVENT, LATENT, vae
from tests.models.running import B, S, batch_of, run
from vaex.errors import InputError
from vaex.posteriors.deterministic import Deterministic
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.posteriors.power_spherical import PowerSpherical
from vaex.posteriors.von_mises_fisher import VonMisesFisher
from vaex.priors.gaussian_mixture import GaussianMixture
from vaex.priors.standard_gaussian import StandardGaussian
from vaex.priors.uniform_sphere import UniformSphere
from vaex.priors.vamp_prior import VampPrior

every_sphere = pytest.mark.parametrize("kind", [PowerSpherical, VonMisesFisher])


@pytest.mark.slow
@every_sphere
def test_terms_on_the_sphere(kind):
    model = vae(posterior=kind(LATENT), prior=UniformSphere(LATENT))
    assert model.kl_groups == ("z",)
    terms = run(model, batch_of(), split=True)
    assert terms.kl.shape == (1, B, 1)
    np.testing.assert_allclose(np.linalg.norm(terms.z, axis=-1), 1.0, atol=1e-6)
    np.testing.assert_allclose(terms.log_pz, -np.log(2 * np.pi), rtol=1e-6)
    assert (terms.aux["path"] == 0).all()
    mixed = vae(posterior=kind(LATENT), prior=VampPrior(LATENT, (EVENT,), 3))
    assert run(mixed, batch_of()).kl.shape == (S, B, 1)


@pytest.mark.parametrize("prior", [StandardGaussian, GaussianMixture])
@every_sphere
def test_parts_of_other_spaces_are_refused_by_name(kind, prior):
    names = f"{kind.__name__} and prior {prior.__name__}.*the unit sphere and real"
    with pytest.raises(InputError, match=names):
        vae(posterior=kind(LATENT), prior=prior(LATENT))
    with pytest.raises(InputError, match="DiagonalGaussian and prior UniformSphere"):
        vae(posterior=DiagonalGaussian(LATENT), prior=UniformSphere(LATENT))


def test_a_code_has_no_density_for_a_vamp_prior():
    with pytest.raises(InputError, match="Deterministic and prior VampPrior.*density"):
        vae(posterior=Deterministic(LATENT), prior=VampPrior(LATENT, (EVENT,)))
    terms = run(vae(posterior=Deterministic(LATENT)), batch_of())
    assert terms.log_qz_x is None
    assert terms.kl is None
    assert (terms.z == terms.z[0]).all()
    with pytest.raises(ValueError, match="deterministic posterior has no density"):
        Deterministic(2).distribution(np.zeros(2)).log_prob(np.zeros(2))


@pytest.mark.parametrize("kind", [PowerSpherical, VonMisesFisher, UniformSphere])
def test_one_number_is_no_direction(kind):
    with pytest.raises(InputError, match="latent_dim must be at least 2.*got 1"):
        kind(latent_dim=1)
