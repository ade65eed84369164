"""How `vaex sample --sampler` finds a sampler, and where it refuses one."""

import re

import pytest

import vaex.samplers
from tests.contracts.discovery import classes
from tests.models.parts import LATENT, vae
from vaex.cli.sample import _check_space, _sampler
from vaex.errors import InputError
from vaex.posteriors.power_spherical import PowerSpherical
from vaex.priors.uniform_sphere import UniformSphere


def ignore(text: str) -> None:
    del text


@pytest.mark.parametrize(
    "kind", classes(vaex.samplers, object), ids=lambda k: k.__name__
)
def test_a_sampler_goes_by_its_file_its_class_and_its_path(kind):
    file = kind.__module__.rpartition(".")[2]
    path = f"{kind.__module__}.{kind.__name__}"
    found = [_sampler(name, ignore) for name in (file, kind.__name__, path)]
    assert [type(sampler) for sampler in found] == [kind] * 3
    assert all(getattr(sampler, "say", ignore) is ignore for sampler in found)


def test_a_name_that_is_near_is_suggested():
    for name, near in (("two_stages", "TwoStage"), ("Gausian", "Gaussian")):
        with pytest.raises(InputError, match=f"--sampler.*did you mean {near}?"):
            _sampler(name, ignore)


def test_latents_on_a_sphere_are_refused():
    _check_space(vae(), "flow")
    sphere = vae(posterior=PowerSpherical(LATENT), prior=UniformSphere(LATENT))
    message = "--sampler flow draws real vectors, but the space of posterior "
    with pytest.raises(InputError, match=re.escape(f"{message}PowerSpherical is the")):
        _check_space(sphere, "flow")
