"""Terms of divergences and their derivatives, near 0 and far from it."""

import jax
import mpmath
import numpy as np
import pytest

from vaex.distributions._deviance import expm1_less, log_ratio

NEAR = np.array([-0.49, -1e-3, -1e-6, 1e-12, 1e-6, 1e-3, 0.49], "f4")
FAR = np.array([-80.0, -3.0, -0.51, 0.51, 3.0, 40.0], "f4")


def exact(function, *arguments):
    """Of mpmath with 50 digits, element by element."""
    with mpmath.workdps(50):
        rows = zip(*(np.broadcast_arrays(*arguments)), strict=True)
        return np.array([float(function(*map(float, row))) for row in rows])


def test_the_exponential_less_its_tangent():
    x = np.concatenate([NEAR, FAR])
    wanted = exact(lambda x: mpmath.expm1(x) - x, x)
    np.testing.assert_allclose(expm1_less(x), wanted, rtol=2e-6)
    slope = jax.grad(expm1_less)
    np.testing.assert_allclose(jax.vmap(slope)(x), exact(mpmath.expm1, x), rtol=1e-6)
    curve = jax.vmap(jax.grad(slope))(x)
    np.testing.assert_allclose(curve, exact(mpmath.exp, x), rtol=1e-5, atol=1e-34)


@pytest.mark.parametrize("b", [1e-3, 1.0, 7e4])
def test_the_logarithm_of_a_ratio(b):
    b = np.float32(b)
    a = (b * np.concatenate([1.0 + NEAR, np.exp(FAR[1:5])])).astype("f4")
    wanted = exact(lambda a, b: mpmath.log(mpmath.mpf(a) / b), a, b)
    np.testing.assert_allclose(log_ratio(a, b), wanted, rtol=2e-6, atol=1e-12)
    of_a, of_b = jax.vmap(jax.grad(log_ratio, (0, 1)), (0, None))(a, b)
    np.testing.assert_allclose(of_a, 1.0 / a, rtol=1e-6)
    np.testing.assert_allclose(of_b, np.full_like(a, -1.0 / b), rtol=1e-6)
    second = jax.vmap(jax.grad(jax.grad(log_ratio)), (0, None))(a, b)
    np.testing.assert_allclose(second, -1.0 / np.square(a), rtol=1e-6)


def test_a_ratio_of_arrays_of_other_shapes_differentiates():
    a, b = np.ones((3, 2), "f4"), np.full((2,), 2.0, "f4")
    of_a, of_b = jax.grad(lambda a, b: log_ratio(a, b).sum(), (0, 1))(a, b)
    np.testing.assert_array_equal(of_a, np.ones((3, 2)))
    np.testing.assert_array_equal(of_b, np.full(2, -1.5))
