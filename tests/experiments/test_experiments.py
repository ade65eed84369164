"""Every experiment: its files fit each other, and what it computes is right.

The whole of an experiment takes minutes: `vaex reproduce NAME`. Here one part runs, on
numbers of its own.
"""

import importlib.util
import inspect

import numpy as np
import pytest

from vaex.cli._reproduction import (
    FUNCTIONS,
    SCALES,
    Reproduction,
    available,
    experiments_folder,
)

NAMES = sorted(available())


def load(name: str):
    file = experiments_folder() / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_module_has_its_references():
    assert {p.stem for p in experiments_folder().glob("*.py")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", SCALES)
def test_an_experiment_says_what_it_computes(name, scale, tmp_path):
    reproduction = Reproduction.open(name, scale, tmp_path)
    parts = reproduction.module.parts(scale)
    assert parts
    assert all(callable(part) for part in parts.values())
    for function in FUNCTIONS:
        assert inspect.getdoc(getattr(reproduction.module, function))
    assert f"vaex reproduce {name}" in inspect.getdoc(reproduction.module)
    assert "Source:" in inspect.getdoc(reproduction.module)


def fake(part: dict, generator: np.random.Generator):
    """The same shape with other numbers, all positive."""
    if isinstance(part, dict):
        return {key: fake(value, generator) for key, value in part.items()}
    if isinstance(part, int):
        return part
    return float(generator.uniform(0.1, 1.0))


SNR_PART = {"exact": 0.0, "draws": 10} | {
    name: {"b": 0.0, "mu": 0.0, "variance_b": 0.0, "bound": 0.0}
    for name in ("IWAE", "STL", "DReG")
}
PPCA_PART = dict.fromkeys(
    ("exact sigma2", "sigma2", "exact train", "exact test", "elbo train", "elbo test"),
    0.0,
)


@pytest.mark.parametrize(("name", "part"), [("snr", SNR_PART), ("ppca", PPCA_PART)])
def test_rows_name_measures_and_the_figure_is_drawn(name, part, tmp_path):
    for scale in SCALES:
        reproduction = Reproduction.open(name, scale, tmp_path)
        generator = np.random.default_rng(0)
        found = {key: fake(part, generator) for key in reproduction.module.parts(scale)}
        rows = reproduction.rows(found)
        assert rows
        assert not all(row.passed for row in rows)  # numbers at random
    figure = reproduction.module.draw(found)
    figure.draw_without_rendering()
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes)


def test_the_snr_problem_is_the_reference_ones():
    """A fingerprint of the data and the perturbed parameters: mean log p(x)."""
    _, _, _, exact = load("snr").problem()
    assert exact == pytest.approx(-34.82806, abs=5e-6)


@pytest.mark.slow
def test_snr_at_few_draws():
    found = load("snr").ratios(5, 2000)
    # Of 2000 draws, averaged over 20 dimensions: 1 % of a ratio near 1.
    assert found["IWAE"]["mu"] == pytest.approx(1.206, rel=0.04)
    assert found["STL"]["b"] == pytest.approx(0.725, rel=0.05)
    assert found["DReG"]["b"] == pytest.approx(0.495, rel=0.06)
    assert found["IWAE"]["bound"] == pytest.approx(-34.940, abs=0.02)


def test_exact_ppca_is_that_of_scikit_learn():
    from sklearn.decomposition import PCA

    module, random = load("ppca"), np.random.default_rng(0)
    x = random.normal(size=(300, 2)) @ random.normal(size=(2, 6))
    x += 0.3 * random.normal(size=(300, 6))
    mean, covariance, sigma2 = module.exact(x, 2)
    peer = PCA(2).fit(x)
    # scikit-learn divides by N - 1.
    assert sigma2 == pytest.approx(peer.noise_variance_ * 299 / 300)
    scaled = peer.get_covariance() * 299 / 300
    np.testing.assert_allclose(covariance, scaled, rtol=1e-8, atol=1e-10)
    assert module.log_likelihood(x, mean, covariance) >= peer.score(x)


@pytest.mark.slow
def test_a_linear_vae_reaches_ppca():
    random = np.random.default_rng(0)
    x = random.normal(size=(512, 2)) @ np.array([[2.0, 0, 0, 1], [0, 1.0, -1, 0]])
    x += 0.5 * random.normal(size=(512, 4))
    found = load("ppca").fitted(2, x[:400], x[400:], epochs=1500, batch_size=100)
    gap = found["exact train"] - found["elbo train"]
    assert -1e-4 < gap < 0.01
    assert found["sigma2"] == pytest.approx(found["exact sigma2"], rel=0.02)
