"""Binarize: the probabilities of the bits, and the cost of drawing them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vaex.errors import InputError
from vaex.preparations import binarize
from vaex.preparations.binarize import Binarize
from vaex.threefry import random_words

ROWS = 4000


@pytest.mark.parametrize("num_classes", [3, 17, 256])
def test_the_mean_of_every_level(num_classes):
    levels = jnp.arange(num_classes, dtype=jnp.uint8)
    stored = {"x": jnp.broadcast_to(levels, (ROWS, num_classes))}
    bits = np.asarray(jax.jit(Binarize(num_classes))(jax.random.key(3), stored)["x"])
    assert set(np.unique(bits)) == {0.0, 1.0}
    assert (bits[:, 0] == 0).all()
    assert (bits[:, -1] == 1).all()
    p = np.arange(num_classes) / (num_classes - 1)
    standard_error = np.sqrt(p * (1 - p) / ROWS)
    assert (np.abs(bits.mean(0) - p) <= 5 * standard_error).all()


@pytest.mark.parametrize("num_classes", [3, 17, 101, 255, 256])
def test_the_probability_is_exact_to_16_bits(num_classes, monkeypatch):
    """Every one of the 65536 values that can be drawn, once."""
    monkeypatch.setattr(
        binarize,
        "random_words",
        lambda _, shape: jnp.arange(1 << 16, dtype=jnp.uint32) << 16,
    )
    key = jax.random.key(0)
    for level in range(0, num_classes, max(1, num_classes // 40)):
        stored = {"x": jnp.full((1 << 16,), level, jnp.uint8)}
        p = float(Binarize(num_classes)(key, stored)["x"].mean(dtype=jnp.float32))
        assert abs(p - level / (num_classes - 1)) <= 2.0**-17 + 1e-7
    stored = {"x": jnp.full((1 << 16,), num_classes - 1, jnp.uint8)}
    assert Binarize(num_classes)(key, stored)["x"].all()


def test_neighbouring_bits_are_independent():
    stored = {"x": jnp.full((2000, 8), 128, jnp.uint8)}
    bits = np.asarray(Binarize(256)(jax.random.key(1), stored)["x"])
    correlation = np.corrcoef(bits, rowvar=False) - np.eye(8)
    assert np.abs(correlation).max() < 5 / np.sqrt(2000)


def test_two_levels_draw_nothing():
    stored = {"x": jnp.array([[0, 1]], jnp.uint8)}
    traced = jax.make_jaxpr(Binarize(2))(jax.random.key(0), stored)
    assert "random" not in str(traced)
    assert Binarize(2)(jax.random.key(0), stored)["x"].tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("shape", [(), (0,), (7,), (2, 3, 4)])
def test_random_words_are_those_of_jax(shape, getkey):
    key = getkey()
    expected = jax.random.bits(key, shape, jnp.uint32)
    drawn = jax.jit(random_words, static_argnums=1)(key, shape)
    assert drawn.dtype == jnp.uint32
    np.testing.assert_array_equal(drawn, expected)


def test_other_generators_draw_by_themselves():
    key = jax.random.key(0, impl="rbg")
    np.testing.assert_array_equal(random_words(key, (5,)), jax.random.bits(key, (5,)))


def test_words_are_drawn_without_a_loop():
    traced = jax.make_jaxpr(lambda key: random_words(key, (100,)))(jax.random.key(0))
    assert "while" not in str(traced)
    assert "threefry2x32" not in str(traced).replace("key<fry>", "")


@pytest.mark.parametrize(
    ("num_classes", "message"),
    [
        (None, r"binarize needs data of integer levels.*preparation=standardize"),
        (1, "num_classes must be an integer from 2 to 256 for binarize, got 1"),
        (257, "got 257"),
        (2.0, r"got 2\.0"),
    ],
)
def test_bad_arguments(num_classes, message):
    with pytest.raises(InputError, match=message):
        Binarize(num_classes)
