"""Every experiment: its files fit each other, and what it computes is right.

The whole of an experiment takes minutes: `vaex reproduce NAME`. Here one part runs, on
numbers of its own.
"""

import base64
import importlib.util
import inspect

import jax
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
    parts = reproduction.parts()
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
    if isinstance(part, list):
        return [fake(value, generator) for value in part]
    if isinstance(part, int | str):
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

PLANAR_PART = {"KL": 0.0, "all": [0.0] * 2, "log Z": 0.0, "raw": [0.0] * 14}
CURVE = {
    "samples": [10_000, 100_000, 300_000, 1_000_000],
    "test": [[0.0] * 4] * 3,
    "train": [[0.0] * 4] * 3,
    "KL": [0.0] * 3,
}
FIG2_PART = {f"mnist {size}": CURVE for size in (3, 5, 10, 20, 200)} | {
    f"freyfaces {size}": CURVE for size in (2, 5, 10, 20)
}


def some_images(count: int, height: int, width: int) -> dict:
    levels = base64.b64encode(bytes(range(256)) * (count * height * width // 256 + 1))
    shape = [count, height, width]
    size = 4 * (count * height * width // 3)  # three bytes are four letters
    return {"shape": shape, "levels": levels.decode()[:size]}


FIG4_PART = {
    f"mnist {size}": {"bound": 0.0, "samples": some_images(9, 4, 4)}
    for size in (5, 10, 20)
} | {
    "mnist 2": {
        "bound": 0.0,
        "digits": 9,
        "manifold": some_images(400, 3, 3),
        "samples": some_images(9, 4, 4),
    },
    "freyfaces 2": {"bound": 0.0, "spread": 0.0, "manifold": some_images(400, 3, 3)},
}
PARTS = [
    pytest.param("aevb_fig2", FIG2_PART, marks=pytest.mark.slow),
    ("aevb_fig4", FIG4_PART),
    ("snr", SNR_PART),
    ("ppca", PPCA_PART),
    pytest.param("planar_flows", PLANAR_PART, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_rows_name_measures_and_the_figure_is_drawn(name, part, tmp_path):
    for scale in SCALES:
        reproduction = Reproduction.open(name, scale, tmp_path)
        generator = np.random.default_rng(0)
        found = {key: fake(part, generator) for key in reproduction.parts()}
        rows = reproduction.rows(found)
        assert rows
        assert not all(row.passed for row in rows)  # numbers at random
    figure = reproduction.module.draw(found)
    figure.draw_without_rendering()
    for axes in figure.axes:
        assert axes.get_title()
        if len(axes.get_xticks()):  # pictures have none
            assert axes.get_xlabel()
            assert axes.get_ylabel()


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


def planar_energy(index: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The paper's table, and the wall, in numpy."""
    wave = np.sin(2 * np.pi * x / 4)
    bump = 3 * np.exp(-(((x - 1) / 0.6) ** 2) / 2)
    rise = 3 / (1 + np.exp(-(x - 1) / 0.3))

    def half(value, width):
        return np.exp(-((value / width) ** 2) / 2)

    bare = {
        1: lambda: (
            ((np.hypot(x, y) - 2) / 0.4) ** 2 / 2
            - np.log(half(x - 2, 0.6) + half(x + 2, 0.6))
        ),
        2: lambda: ((y - wave) / 0.4) ** 2 / 2,
        3: lambda: -np.log(half(y - wave, 0.35) + half(y - wave + bump, 0.35)),
        4: lambda: -np.log(half(y - wave, 0.4) + half(y - wave + rise, 0.35)),
    }[index]()
    return bare + (np.maximum(np.abs(x) - 4, 0) / 0.4) ** 2 / 2


def test_planar_energies_are_the_papers():
    module, random = load("planar_flows"), np.random.default_rng(0)
    z = random.uniform(-3, 3, size=(50, 2)) * [1.8, 1.0]
    for index in module.ENERGIES:
        actual = module.energy(index, z.astype(np.float32))
        expected = planar_energy(index, *z.T)
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_planar_divergence_of_a_normal_distribution():
    """A step of w = 0 and b = 0 is none: E_q U by Gauss-Hermite quadrature in numpy."""
    module = load("planar_flows")
    loc, scale = np.array([0.5, -0.3]), np.array([0.6, 0.4])
    raw_scale = np.log(np.expm1(scale - 1e-4))
    raw = np.concatenate([loc, raw_scale, [0.7, -0.2, 0.0, 0.0, 0.0]])
    x, weights = np.polynomial.hermite_e.hermegauss(80)
    points = np.meshgrid(loc[0] + scale[0] * x, loc[1] + scale[1] * x, indexing="ij")
    expected = np.einsum("i,j,ij", weights, weights, planar_energy(4, *points))
    expected = expected / (2 * np.pi) - np.log(scale).sum() - np.log(2 * np.pi) - 1
    expected += module.log_normaliser(4)
    actual = module.divergence(4, raw.astype(np.float32), points=201)
    # Single precision of the energies.
    assert actual == pytest.approx(expected, abs=1e-5)
    assert expected > 0.1


@pytest.mark.slow
def test_planar_flows_fit_at_a_small_budget():
    module = load("planar_flows")
    found = module.fitted(1, 4, module.Budget(starts=3, steps=1500, samples=32))
    raw = np.asarray(found["raw"], np.float32)
    key = jax.random.key(0)
    q = module.flow_of(raw)
    z, log_q = q.sample_and_log_prob(seed=key, sample_shape=(100_000,))
    gaps = np.asarray(log_q + module.energy(1, z), np.float64) + found["log Z"]
    # Of samples, the same divergence as of the grid.
    assert gaps.mean() == pytest.approx(found["KL"], abs=4.5 * gaps.std() / 316)
    assert found["all"] == sorted(found["all"])
    assert 0 < found["KL"] < 0.4
