"""docs/heads.md is what the docstrings say now."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import vaex.likelihoods
from tests.contracts.discovery import classes
from vaex.likelihoods.base import Likelihood

ROOT = Path(__file__).resolve().parents[2]
HEADS = classes(vaex.likelihoods, Likelihood)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "document_heads.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(script):
    page = script.PAGE.read_text(encoding="utf-8")
    assert page == script.render(), "run python scripts/document_heads.py"


@pytest.mark.parametrize("kind", HEADS, ids=lambda kind: kind.__name__)
def test_every_head_has_a_formula_a_support_and_a_place(script, kind):
    page = script.PAGE.read_text(encoding="utf-8")
    assert script.sections(kind)["formula"].endswith(".")
    assert f"### {kind.__name__}\n" in page
    assert f"[{kind.__name__}](#{kind.__name__.lower()})" in page
    assert script.support_of(kind)
