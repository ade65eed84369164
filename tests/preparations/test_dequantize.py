"""Dequantize: in the open unit interval, uniform, and a bound on the level's log P."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vaex.errors import InputError
from vaex.preparations import dequantize
from vaex.preparations.dequantize import Dequantize


@pytest.mark.slow
@pytest.mark.parametrize("num_classes", [2, 3, 17, 255, 256])
@pytest.mark.parametrize("drawn", [0, 65535])
def test_the_ends_of_the_noise(num_classes, drawn, monkeypatch):
    """x stays inside (0, 1), and the level is found again, at every level."""
    monkeypatch.setattr(
        dequantize,
        "random_words",
        lambda _, shape: jnp.full(shape, drawn << 16, jnp.uint32),
    )
    levels = jnp.arange(num_classes, dtype=jnp.uint8)[None]
    prepare = Dequantize(num_classes, (num_classes,))
    x = jax.jit(prepare)(jax.random.key(0), {"x": levels})["x"]
    assert x.min() > 0
    assert x.max() < 1
    assert jnp.log(x / (1 - x)).max() < 20
    found = jax.jit(prepare.inverse)(x) * (num_classes - 1)
    np.testing.assert_allclose(found, levels, atol=1e-4)


def test_the_noise_is_uniform():
    stored = {"x": jnp.zeros((1000, 100), jnp.uint8)}
    u = np.asarray(256 * Dequantize(256, (100,))(jax.random.key(0), stored)["x"])
    size = u.size
    assert abs(u.mean() - 0.5) < 5 * np.sqrt(1 / 12 / size)
    assert abs(u.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / size)


def test_the_nats_bound_the_log_probability_of_the_level(getkey):
    """Density 2x on (0, 1): P(v) = ((v + 1)^2 - v^2) / K^2 = (2v + 1) / K^2."""
    num_classes, rows = 4, 20_000
    prepare = Dequantize(num_classes, (1,))
    levels = jnp.arange(num_classes)
    stored = {"x": jnp.repeat(levels, rows)[:, None].astype(jnp.uint8)}
    x = prepare(getkey(), stored)["x"][:, 0].reshape(num_classes, rows)
    nats = np.asarray(jnp.log(2 * x).mean(1) + prepare.log_det)
    exact = np.log((2 * np.arange(num_classes) + 1) / num_classes**2)
    assert (nats < exact).all()
    assert nats[-1] == pytest.approx(exact[-1], abs=0.02)


def test_ends_are_cut_in_the_inverse():
    prepare = Dequantize(5, (3,))
    assert prepare.inverse(jnp.array([[-0.3, 1.0, 7.0]])).tolist() == [[0, 1, 1]]


def test_the_event_shape_must_be_that_of_the_data(getkey):
    stored = {"x": jnp.zeros((2, 3), jnp.uint8)}
    with pytest.raises(ValueError, match=r"got \(2, 3\); pass event_shape=\(3,\)"):
        Dequantize(256, (4,))(getkey(), stored)
    with pytest.raises(InputError, match="dequantize needs data of integer levels"):
        Dequantize(None, (3,))
