"""`vaex doctor`: what a bug report needs."""

import platform
from importlib import metadata

import jax
import pytest
from packaging.requirements import Requirement

from vaex.cli import _tested


@pytest.fixture
def installed(monkeypatch):
    """Sets what is installed beside, or in place of, what is; None takes it away."""
    known = _tested._installed()

    def change(**versions):
        changed = known | {k.replace("_", "-"): v for k, v in versions.items()}
        here = {name: version for name, version in changed.items() if version}
        monkeypatch.setattr(_tested, "_installed", lambda: here)

    return change


def line_of(out, name):
    (line,) = (s for s in out.splitlines() if s.split()[:1] == [name])
    return line


def test_it_reports(vaex):
    code, out, err = vaex("doctor")
    assert err == ""
    assert code == int("outside the tested window" in out)
    assert f"python    {platform.python_version()}" in out
    _, installed, tested, allowed, *_ = line_of(out, "jax").split()
    assert installed == jax.__version__
    assert tested == _tested.pinned_versions()["jax"]
    assert allowed.startswith((">=0.", "<0."))
    assert "devices   cpu:0" in out
    assert "compiled  " in out
    assert line_of(out, "digits").split()[1] == "ready"


def test_every_dependency_is_named(vaex):
    _, out, _ = vaex("doctor")
    for text in metadata.requires("vaex-jax") or []:
        requirement = Requirement(text)
        if requirement.marker is None:
            assert line_of(out, requirement.name)


@pytest.mark.parametrize("version", ["0.1", "99.0"])
def test_a_version_outside_the_range(vaex, installed, version):
    installed(flax=version, omegaconf=version)
    code, out, _ = vaex("doctor")
    assert code == 1
    assert line_of(out, "omegaconf").endswith("<-- outside")
    last = out.splitlines()[-1]
    assert last.startswith("outside the tested window: ")
    assert "omegaconf" in last
    assert "-c constraints.txt" in last


def test_a_missing_package_is_outside(vaex, installed):
    installed(rich=None)
    code, out, _ = vaex("doctor")
    assert code == 1
    assert line_of(out, "rich").split()[1] == "missing"


@pytest.mark.parametrize(
    ("version", "remark"),
    [("99.0", "newer than tested"), ("15.0.0", ""), ("15", "")],
)
def test_a_version_that_the_tests_did_not_run_with(vaex, installed, version, remark):
    installed(rich=version)
    _, out, _ = vaex("doctor")
    line = line_of(out, "rich")
    assert line.endswith(f"<-- {remark}") if remark else "<--" not in line


def test_what_others_bring_is_told_where_it_is_not_as_tested(vaex, installed):
    tested = _tested.pinned_versions()["opt-einsum"]
    installed(opt_einsum=tested)
    assert "opt-einsum" not in vaex("doctor").out
    installed(opt_einsum="0.1")
    line = line_of(vaex("doctor").out, "opt-einsum")
    assert line.split() == ["opt-einsum", "0.1", tested, "older", "than", "tested"]


def test_an_optional_package_is_named_where_it_is(vaex, installed):
    installed(optuna=None)
    assert "optuna" not in vaex("doctor").out
    installed(optuna="5.0.0")
    tested = _tested.pinned_versions()["optuna"]
    assert line_of(vaex("doctor").out, "optuna").split()[1:3] == ["5.0.0", tested]
    installed(ruff=_tested.pinned_versions()["ruff"])
    assert "ruff" not in vaex("doctor").out


def test_a_python_that_the_tests_did_not_run_with(vaex, monkeypatch):
    monkeypatch.setattr(_tested, "supported_pythons", lambda: ["2.7"])
    _, out, _ = vaex("doctor")
    assert "tested with Python 2.7, not 3." in out


def test_it_runs_from_a_folder_too(vaex, monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(_tested.metadata, "requires", absent)
    code, out, _ = vaex("doctor")
    assert code == 0
    assert "not installed (running from a folder): versions unchecked" in out
