"""Simulated anomalies are what they are said to be, and tables of them are printed."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def simulation(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    return importlib.import_module("simulate_detection")


def test_rows_have_their_shapes_and_come_again(simulation):
    for name, (columns, _, _) in simulation.MAKES.items():
        make, again = simulation.Make(name, 3), simulation.Make(name, 3)
        x = make.training()
        assert x.shape[1] == columns
        assert (x == again.training()).all()
        for kind in simulation.KINDS:
            odd = make.anomalies(kind, 20, x)
            assert odd.shape == (20, columns)
            assert np.isfinite(odd).all()
    binary = simulation.Make("mixed", 0).anomalies("local", 50, x)[:, simulation.BINARY]
    assert set(np.unique(binary)) == {0.0, 1.0}


def test_anomalies_are_what_they_are_said_to_be(simulation):
    make = simulation.Make("gaussian", 0)
    x = make.rows(20_000)
    scale = x.std(0)
    cells = make.anomalies("cell", 500, x)
    far = np.abs(cells - np.median(x, 0)) > 3.9 * scale
    assert far.any(1).all()
    local = make.anomalies("local", 20_000, x)
    # Variances add up; a variance of 20,000 draws is sure to 1 %.
    np.testing.assert_allclose(local.var(0), 1.16 * x.var(0), rtol=0.05)
    latent = make.anomalies("latent", 20_000, x)
    # A shift of length 3 in 3 dimensions adds 9 / 3 to the variance of each.
    added = 3.0 * (make.weights**2).sum(0)
    np.testing.assert_allclose(latent.var(0), x.var(0) + added, rtol=0.05)
    permuted = make.anomalies("permuted", 20_000, x)
    np.testing.assert_allclose(permuted.std(0), scale, rtol=0.03)
    assert abs(np.corrcoef(permuted.T)[0, 3]) < 0.03
    cluster = make.anomalies("cluster", 500, x)
    assert (cluster.std(0) < 0.2 * scale).all()


def test_p_values_go_on_beyond_the_known_rows(simulation):
    known = np.random.default_rng(0).exponential(size=20_000)
    values = np.array([0.5, 1.0, 2.0, 4.0, 20.0])
    # Of exponential numbers P(X > x) is exp(-x); the mean excess is sure to 3 %.
    np.testing.assert_allclose(simulation.surprise(values, known), values, rtol=0.05)


@pytest.mark.slow
def test_every_score_of_every_kind_is_printed(simulation):
    quick = {"hidden": (4,), "num_steps": 30, "likelihood": "Gaussian"}
    found = simulation.measured("few", 0, **quick)
    values = np.array(list(found.values()))
    assert values.shape == (8, len(simulation.KINDS))
    text = simulation.report(values[None, None], ["few"], list(found))
    assert f"{values[0].mean():.2f}" in text.splitlines()[-1]
