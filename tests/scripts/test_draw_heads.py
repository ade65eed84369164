"""The panels of heads are densities of the values that they are drawn over."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from vaex import likelihoods

PATH = Path(__file__).resolve().parents[2] / "scripts" / "draw_heads.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location(PATH.stem, PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("kind", [likelihoods.Gaussian, likelihoods.Binomial])
def test_a_panel_holds_most_of_the_mass(script, kind):
    panel = script.panel(kind)
    assert panel.title == kind.__name__
    step = 1.0 if panel.is_discrete else np.diff(panel.x)[0]
    mass = panel.densities.sum(-1) * step
    assert ((mass > 0.9) & (mass < 1.001)).all()


@pytest.mark.parametrize("name", ["OneHotCategorical", "MeanSquaredError"])
def test_vectors_and_losses_have_no_panel(script, name):
    assert script.panel(getattr(likelihoods, name)) is None
