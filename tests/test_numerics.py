"""Small numerical helpers."""

import jax
import numpy as np
import pytest
from scipy import special

from vaex.numerics import along_last_axis, named_fold, positive, seed_key
from vaex.threefry import fold_in


def test_positive_and_its_derivatives_are_those_of_softplus():
    raw = np.array([-np.inf, -80.0, -20.0, -1.0, 0.0, 1e-3, 3.0, 90.0, 1e30], "f4")
    exact = np.logaddexp(0.0, raw.astype(np.float64))
    sigmoid = special.expit(raw.astype(np.float64))
    found = jax.jit(lambda x: positive(x, 0.0))(raw)
    np.testing.assert_allclose(found, exact, rtol=1e-6)
    slope = jax.grad(positive)
    np.testing.assert_allclose(jax.vmap(slope, (0, None))(raw, 0.0), sigmoid, rtol=1e-6)
    second = jax.vmap(jax.grad(slope), (0, None))(raw[1:], 0.0)
    curve = (sigmoid * (1.0 - sigmoid))[1:]
    np.testing.assert_allclose(second, curve, rtol=1e-5, atol=1e-12)


def test_parameters_taken_apart_differentiate_both_ways_and_map():
    x = np.random.default_rng(0).normal(size=(4, 3, 2)).astype("f4")

    def both(x):
        first, second = along_last_axis(x)
        return jax.numpy.sin(first) * second

    def plain(x):
        return jax.numpy.sin(x[..., 0]) * x[..., 1]

    for kind in (jax.jacrev, jax.jacfwd):
        np.testing.assert_array_equal(kind(both)(x), kind(plain)(x))
    np.testing.assert_array_equal(jax.vmap(both)(x), both(x))


@pytest.mark.parametrize("data", [0, 1, np.int32(-1), np.uint32(2**32 - 1)])
@pytest.mark.parametrize("generator", ["threefry2x32", "rbg"])
def test_a_folded_key_is_that_of_jax(data, generator):
    key = jax.random.key(5, impl=generator)
    wanted = jax.random.key_data(jax.random.fold_in(key, data))
    for fold in (fold_in, jax.jit(fold_in)):
        np.testing.assert_array_equal(jax.random.key_data(fold(key, data)), wanted)
    several = jax.random.split(key, 3)
    mapped = jax.vmap(fold_in, (0, None))(several, data)
    assert (mapped == jax.vmap(jax.random.fold_in, (0, None))(several, data)).all()


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("generator", ["threefry2x32", "rbg"])
def test_the_key_of_a_seed_is_that_of_jax(seed, generator):
    with jax.default_prng_impl(generator):
        found, wanted = seed_key(seed), jax.random.key(seed)
        assert found.dtype == wanted.dtype
        assert found.shape == ()
        for given in (lambda key: key, lambda key: named_fold(key, "train")):
            words = [jax.random.key_data(given(key)) for key in (found, wanted)]
            np.testing.assert_array_equal(*words)
