"""The project's own files agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import vaex
from tests.conftest import QUICK

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = ["3.11", "3.12"]


def pins(python: str) -> dict[str, str]:
    """Version that constraints.txt gives each distribution on a Python."""
    found: dict[str, str] = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pin = Requirement(line)
        assert re.fullmatch(r"==[^*,]+", str(pin.specifier)), f"no exact pin: {line}"
        assert pin.url is None, f"a name and a version, no address: {line}"
        if pin.marker is None or pin.marker.evaluate({"python_version": python}):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} is pinned twice for Python {python}"
            found[name] = str(pin.specifier).removeprefix("==")
    return found


def command(name: str) -> list[str]:
    """Lines of the README's code block that follows the comment `name`."""
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(rf"<!-- {name} -->\s*```\w*\n(.*?)```", readme, flags=re.DOTALL)
    assert len(blocks) == 1, f"README.md must hold one block marked {name}"
    return blocks[0].splitlines()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("extra", ["", "dev", "benchmark"])
def test_constraints_pin_every_direct_dependency_within_its_range(python, extra):
    needed = PROJECT["optional-dependencies"][extra] if extra else None
    for text in needed or PROJECT["dependencies"]:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        assert name in pins(python), f"{name} is not pinned for Python {python}"
        version = pins(python)[name]
        assert requirement.specifier.contains(version), f"{text} excludes {version}"


def test_constraints_pin_what_distrax_leaves_open():
    for python in PYTHONS:
        assert "dev" in pins(python)["tfp-nightly"]


def test_the_tests_of_a_file_are_one_group(request):
    if not hasattr(request.config, "workerinput"):
        pytest.skip("one process runs all tests: nothing is grouped")
    assert request.node.nodeid.endswith("@tests/test_project.py")


def test_the_tests_know_the_options_of_the_pinned_compilers():
    assert set(QUICK) == {pins(python)["jaxlib"] for python in PYTHONS}


@pytest.mark.parametrize("python", PYTHONS)
def test_supported_pythons_are_declared(python):
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def test_lowest_bounds_are_tested():
    """A lower bound is a version that one of the Pythons installs."""
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        lowest = next(s.version for s in requirement.specifier if s.operator == ">=")
        versions = [
            pins(python)[canonicalize_name(requirement.name)] for python in PYTHONS
        ]
        assert any(f"{version}.".startswith(f"{lowest}.") for version in versions), text


def test_changelog_and_citation_name_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in changelog
    assert vaex.__version__ in changelog
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {vaex.__version__}\n" in citation


def test_readme_holds_both_commands_on_one_line_each():
    (train,) = command("train-command")
    (test,) = command("test-command")
    for line in (train, test):
        assert line.startswith("python3 -m venv .venv && ")
        assert "-c constraints.txt -e " in line
    assert train.endswith("vaex train")
    assert test.endswith("python -m pytest")
    for tool in ("ruff check", "ruff format --check", "pyright"):
        assert f".venv/bin/{tool} && " in test
