"""A traced function in float64: numpy's numbers, the same draws, loops as they were."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from vaex.training._float64 import in_float64

X = np.linspace(-3.0, 4.0, 12, dtype=np.float32).reshape(3, 4)


def both(function, *arguments):
    """Outputs in float32 and in float64, and what stayed."""
    single = jax.jit(function)(*arguments)
    traced = jax.make_jaxpr(function)(*arguments)
    double, kept = in_float64(traced, jax.tree.leaves(arguments))
    return np.asarray(single), np.asarray(double[0]), kept


def of_numpy(xp, x):
    """Products, exponentials, reductions, a cast and a choice."""
    y = xp.exp(x @ x.T / 7) + xp.tanh(x).sum(1) * xp.arange(3).astype(x.dtype)
    return xp.where(y > 2, xp.log(y), y**3).astype(x.dtype).mean(0)


def test_it_has_the_digits_of_float64():
    single, double, kept = both(lambda x: of_numpy(jnp, x), X)
    expected = of_numpy(np, X.astype(np.float64))
    assert double.dtype == np.float64
    assert kept == ()
    np.testing.assert_allclose(double, expected, rtol=1e-14)
    assert (np.abs(single - expected) > 1e-12 * np.abs(expected)).any()


def test_its_gradient_has_too():
    """Of custom derivatives (softplus, logsumexp) and of calls inside calls."""

    def loss(x):
        return jax.nn.logsumexp(jax.jit(jax.nn.softplus)(3 * x)) + jnp.square(x).sum()

    _, double, _ = both(jax.grad(loss), X)
    x = X.astype(np.float64)
    soft = np.logaddexp(3 * x, 0)
    share = np.exp(soft) / np.exp(soft).sum()
    expected = share * 3 / (1 + np.exp(-3 * x)) + 2 * x
    np.testing.assert_allclose(double, expected, rtol=1e-13)


def test_rows_taken_by_index_have_its_gradient():
    index = np.array([0, 2, 2])
    _, double, kept = both(jax.grad(lambda x: jnp.exp(x[index]).sum()), X)
    times = np.array([1.0, 0.0, 2.0])[:, None]
    np.testing.assert_allclose(double, times * np.exp(X.astype(np.float64)), rtol=1e-14)
    assert kept == ()


def test_it_reaches_what_overflows_in_float32():
    single, double, _ = both(lambda x: jnp.square(1e30 * x), X)
    assert np.isinf(single).any()
    np.testing.assert_allclose(double, np.square(np.float64(np.float32(1e30)) * X))


def test_the_random_draws_are_those_of_float32():
    """Uniform numbers are equal but for their last bit, and normal ones made of them.

    A float32 u near 1 is off by 6e-8, which the quantile function makes 1e-5 of at 3
    standard deviations.
    """
    key, low = jax.random.key(3), np.nextafter(np.float32(-1), np.float32(0))
    single, u, _ = both(lambda key: jax.random.uniform(key, (50,), minval=low), key)
    np.testing.assert_allclose(u, single, atol=6e-8)
    u = both(lambda key: jax.random.uniform(key, (50,), minval=low, maxval=1.0), key)[1]
    single, normal, _ = both(lambda key: jax.random.normal(key, (50,)), key)
    np.testing.assert_allclose(normal, np.sqrt(2) * special.erfinv(u), rtol=1e-6)
    np.testing.assert_allclose(normal, single, atol=2e-5)


def test_loops_stay_as_they_were_and_are_named():
    def looped(x):
        total = jax.lax.fori_loop(0, 3, lambda i, t: t * x.sum(), jnp.float32(1))
        return jax.lax.scan(lambda c, row: (c + row.sum(), None), total, x)[0] / 3

    single, double, kept = both(looped, X)
    assert "scan" in kept
    np.testing.assert_allclose(double, single, rtol=1e-6)
    assert double.dtype == np.float64
    assert not jax.config.jax_enable_x64
