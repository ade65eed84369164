"""Small numerical helpers."""

import jax
import numpy as np
import pytest
from scipy import special

from vaex.numerics import (
    LOG1P_ABOVE,
    LOG1P_BELOW,
    along_last_axis,
    log1p_of_unit,
    named_fold,
    positive,
    seed_key,
    sum_of_last,
)
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


def test_the_logarithm_of_one_and_a_part_is_that_of_numpy():
    e = np.concatenate([[0.0, 1e-45, 1e-38, 1.0], np.geomspace(1e-30, 1.0, 10_000)])
    e = e.astype("f4")
    exact = np.log1p(e.astype(np.float64))
    np.testing.assert_allclose(
        jax.jit(log1p_of_unit)(e), exact, rtol=3e-7, atol=1.2e-38
    )
    slopes = jax.vmap(jax.grad(log1p_of_unit))(e)
    np.testing.assert_allclose(slopes, 1.0 / (1.0 + e), rtol=1e-6)
    second = jax.vmap(jax.grad(jax.grad(log1p_of_unit)))(e)
    np.testing.assert_allclose(second, -1.0 / (1.0 + e) ** 2, rtol=1e-6)


def test_its_fraction_is_the_rule_of_gauss_and_legendre():
    places, weights = np.polynomial.legendre.leggauss(5)
    for e in (0.0, 0.1, 0.5, 1.0, 7.0):
        t = (places + 1.0) / 2.0
        rule = np.sum(weights / 2.0 * e / (1.0 + e * t))
        above = np.polynomial.polynomial.polyval(e, LOG1P_ABOVE)
        below = np.polynomial.polynomial.polyval(e, LOG1P_BELOW)
        np.testing.assert_allclose(e * above / below, rule, rtol=1e-13)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 3, 4, 5)])
def test_sums_of_last_axes_are_those_of_numpy(shape):
    x = np.random.default_rng(0).normal(size=shape).astype("f4")
    for axes in range(len(shape) + 1):
        wanted = x.astype(np.float64).sum(tuple(range(-axes, 0)))
        found = sum_of_last(jax.numpy.asarray(x), axes)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_a_sum_has_what_is_not_finite():
    x = jax.numpy.asarray([[1.0, -np.inf], [np.nan, 1.0], [np.inf, -np.inf]])
    np.testing.assert_array_equal(sum_of_last(x, 1), [-np.inf, np.nan, np.nan])


@pytest.mark.parametrize(("rows", "size"), [(7, 5), (125, 99), (131, 784), (2050, 20)])
def test_the_bits_of_a_sum_do_not_depend_on_its_place(rows, size):
    generator = np.random.default_rng(rows)
    x = generator.normal(size=(rows, size)).astype("f4")
    compiled = jax.jit(lambda x: sum_of_last(x, 1))
    whole = np.asarray(compiled(x))
    for _ in range(3):
        order = generator.permutation(rows)
        assert np.asarray(compiled(x[order])).tobytes() == whole[order].tobytes()
