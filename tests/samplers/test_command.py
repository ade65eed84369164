"""How `vaex sample --sampler` finds a sampler, and where it refuses one."""

import dataclasses
import re

import pytest

import vaex.samplers
from tests.contracts.discovery import classes
from tests.contracts.test_configs import FOLDER, options
from tests.models.parts import LATENT, vae
from vaex.cli.sample import _check_space, _sampler, run
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
    found = [_sampler(name, [], ignore) for name in (file, kind.__name__, path)]
    assert [type(sampler) for sampler in found] == [kind] * 3
    assert all(getattr(sampler, "say", ignore) is ignore for sampler in found)


def test_a_name_that_is_near_is_suggested():
    for name, near in (("two_stages", "TwoStage"), ("Gausian", "Gaussian")):
        with pytest.raises(InputError, match=f"--sampler.*did you mean {near}?"):
            _sampler(name, [], ignore)


@pytest.mark.parametrize("option", options("sampler"))
def test_an_option_is_the_sampler_with_its_defaults(option):
    found = _sampler(option, [], ignore)
    takes_say = hasattr(found, "say")
    assert found == (type(found)(say=ignore) if takes_say else type(found)())
    text = (FOLDER / "sampler" / f"{option}.yaml").read_text()
    listed = re.findall(r"^(\w+):", text, re.MULTILINE)
    fields = [field.name for field in dataclasses.fields(found)]
    assert listed == ["_target_", *(name for name in fields if name != "say")]


def test_arguments_are_those_of_the_line():
    found = _sampler("flow", ["hidden=[8]", "patience.steps=30"], ignore)
    assert (found.hidden, found.patience.steps, found.patience.every) == ((8,), 30, 100)
    path = "vaex.samplers.gaussian_mixture.GaussianMixture"
    custom = _sampler("custom", [f"_target_={path}", "num_components=3"], ignore)
    assert custom == _sampler(path, ["num_components=3"], ignore)
    assert custom.num_components == 3


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("flow", ["num_stepz=3"], "sampler.num_stepz: Flow has no .*mean num_steps?"),
        ("flow", ["patience.loks=3"], "sampler.patience.loks: .* did you mean looks?"),
        (
            "flow",
            ["num_steps=many"],
            "sampler.num_steps must be an integer, got 'many'",
        ),
        ("flow", ["num_steps"], "'num_steps' is no argument .* write key=value"),
        ("flow", ["hidden=[8"], "sampler flow: .*hidden=.* cannot be read"),
        ("gaussian_mixture", ["num_components=0"], "sampler.num_components must be"),
        ("custom", [], "sampler._target_: cannot import .*give a full path"),
    ],
)
def test_a_wrong_argument_is_named(name, words, message):
    with pytest.raises(InputError, match=message):
        _sampler(name, words, ignore)


def test_arguments_without_a_sampler_are_refused():
    with pytest.raises(InputError, match="'num_steps=3' .* add --sampler NAME"):
        run(["nowhere", "--num", "3", "num_steps=3"])


def test_latents_on_a_sphere_are_refused():
    _check_space(vae(), "flow")
    sphere = vae(posterior=PowerSpherical(LATENT), prior=UniformSphere(LATENT))
    message = "--sampler flow draws real vectors, but the space of posterior "
    with pytest.raises(InputError, match=re.escape(f"{message}PowerSpherical is the")):
        _check_space(sphere, "flow")
