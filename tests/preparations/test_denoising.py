"""Corruption of what the encoder sees, and of nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vaex.errors import InputError
from vaex.preparations.binarize import Binarize
from vaex.preparations.denoising import gaussian_noise, masking_noise
from vaex.preparations.dequantize import Dequantize
from vaex.preparations.standardize import Standardize

KEY = jax.random.key(0)
LEVELS = np.random.RandomState(0).randint(0, 17, (200, 6)).astype(np.uint8)
CLEAN = [
    Binarize(17),
    Dequantize(17, (6,)),
    Standardize(np.full(6, 2.5), np.full(6, 2.0), num_classes=17),
]


@pytest.mark.slow
@pytest.mark.parametrize("clean", CLEAN, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("noise", [masking_noise, gaussian_noise])
def test_x_and_every_density_are_those_of_the_clean_preparation(clean, noise):
    noisy = noise(clean)
    plain, batch = clean(KEY, {"x": LEVELS}), noisy(KEY, {"x": LEVELS})
    np.testing.assert_array_equal(batch["x"], plain["x"])
    assert (batch["input"] != plain.get("input", plain["x"])).any()
    assert noisy.log_det == clean.log_det
    assert noisy.dequantizes == clean.dequantizes
    np.testing.assert_array_equal(noisy.inverse(batch["x"]), clean.inverse(plain["x"]))


def test_the_noise_has_the_stated_size_and_is_new_for_every_key():
    clean = CLEAN[2]
    x = np.asarray(clean(KEY, {"x": LEVELS})["x"], np.float64)
    some = gaussian_noise(clean, scale=0.5)(KEY, {"x": LEVELS})["input"] - x
    # 1200 draws: standard error of a deviation is 0.5 / sqrt(2400).
    assert abs(some.std() - 0.5) < 4 * 0.5 / np.sqrt(2400)
    gone = masking_noise(clean, probability=0.3)(KEY, {"x": LEVELS})["input"]
    assert (x != 0.0).all()
    kept = np.asarray(gone) == x.astype(np.float32)
    share = (~kept).mean()
    hidden = np.asarray(gone)[~kept]
    assert (hidden == 0.0).all()
    # 4 standard errors of a share of 0.3 among 1200.
    assert abs(share - 0.3) < 4 * np.sqrt(0.21 / 1200)
    other = masking_noise(clean, probability=0.3)(jax.random.key(1), {"x": LEVELS})
    assert (other["input"] != gone).any()


def test_masked_cells_stay_zero():
    mask = np.random.RandomState(1).rand(200, 6) < 0.6
    stored = {"x": jnp.asarray(LEVELS), "mask": jnp.asarray(mask)}
    batch = gaussian_noise(CLEAN[2])(KEY, stored)
    assert (np.asarray(batch["input"])[~mask] == 0.0).all()
    assert (np.asarray(batch["input"])[mask] != 0.0).all()


def test_what_is_no_noise_is_refused():
    with pytest.raises(InputError, match="probability must be .* below 1, got 1"):
        masking_noise(CLEAN[0], probability=1.0)
    with pytest.raises(InputError, match="scale must be at least 0, got -1"):
        gaussian_noise(CLEAN[0], scale=-1.0)
