"""bits/dim from stored levels to the number, against probabilities by scipy."""

import jax
import numpy as np
import pytest
from scipy import integrate, stats

from vaex.evaluation.summary import summarize
from vaex.preparations.dequantize import Dequantize
from vaex.preparations.standardize import Standardize

LEVELS, SIZE = 16, 5


@pytest.fixture(scope="module")
def stored():
    generator = np.random.default_rng(0)
    return generator.binomial(LEVELS - 1, 0.3, (400, SIZE)).astype(np.uint8)


def results(log_px, preparation, *, is_discrete):
    return summarize(
        {"log_px": log_px}, num_samples=1, num_elements=SIZE,
        log_det=preparation.log_det, is_discrete=is_discrete,
    )  # fmt: skip


def prepared(preparation, stored):
    return np.asarray(preparation(jax.random.key(0), {"x": stored})["x"], np.float64)


def test_a_flat_density_costs_the_logarithm_of_the_levels(stored):
    """Exactly, whatever the noise: each level has the probability 1 / K."""
    preparation = Dequantize(LEVELS, (SIZE,))
    log_px = stats.uniform.logpdf(prepared(preparation, stored)).sum(1)
    found = results(log_px, preparation, is_discrete=True)["bits_per_dim"]
    assert found["value"] == pytest.approx(np.log2(LEVELS), rel=1e-12)
    assert found["unit"] == "bits/dim"


def test_dequantised_bits_are_those_of_the_noise_integrated_out(stored):
    """A beta density: its mean over the noise by quadrature bounds -log2 P(level)."""
    preparation = Dequantize(LEVELS, (SIZE,))
    density = stats.beta(2.0, 4.0)
    log_px = density.logpdf(prepared(preparation, stored)).sum(1)
    found = results(log_px, preparation, is_discrete=True)["bits_per_dim"]

    def mean_bits(level):
        ends = level / LEVELS, (level + 1) / LEVELS
        nats, _ = integrate.quad(lambda x: -density.logpdf(x), *ends)
        return (nats * LEVELS + np.log(LEVELS)) / np.log(2)

    known = np.array([mean_bits(level) for level in range(LEVELS)])
    mass = np.diff(density.cdf(np.arange(LEVELS + 1) / LEVELS))
    assert (known >= -np.log2(mass) - 1e-9).all()
    difference = (-(log_px + preparation.log_det)).reshape(-1) / np.log(2) / SIZE
    noise = difference - known[stored].mean(1)
    error = noise.std(ddof=1) / np.sqrt(len(stored))
    assert abs(found["value"] - known[stored].mean()) < 4 * error
    assert error < 0.02  # of 3.3 bits: a Jacobian left out would be seen
    # Strictly: the density is not flat within a level.
    assert (known[1:-1] > -np.log2(mass[1:-1]) + 1e-5).all()


@pytest.mark.parametrize("per_element", [True, False])
@pytest.mark.parametrize("levels", [None, LEVELS])
def test_a_standardised_density_is_one_of_the_datas_own_unit(
    stored, per_element, levels
):
    """A normal of standardised values is one of the values, of levels by intensity."""
    mean = stored.mean(0, dtype=np.float64).astype(np.float32)
    std = stored.std(0, dtype=np.float64).astype(np.float32)
    preparation = Standardize(mean, std, per_element, levels)
    log_px = stats.norm(0.1, 1.3).logpdf(prepared(preparation, stored)).sum(1)
    found = results(log_px, preparation, is_discrete=False)
    unit = 1.0 if levels is None else levels - 1.0
    if per_element:
        loc, scale = mean.astype(np.float64), std.astype(np.float64)
    else:
        loc, scale = stored.mean(dtype=np.float64), stored.std(dtype=np.float64)
    own = stats.norm((loc + 0.1 * scale) / unit, 1.3 * scale / unit)
    expected = -own.logpdf(stored / unit).sum(1).mean()
    assert found["nll"]["value"] == pytest.approx(expected, abs=1e-4)  # float32 x
    assert "dequantize" in found["bits_per_dim"]["reason"]
