"""MMD against a direct double loop, and its mean where it is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contracts.compiled import quick_jit
from vaex.bounds.kernel_discrepancy import (
    SCALES,
    gaussian_kernel,
    inverse_multiquadric_kernel,
    squared_discrepancy,
)
from vaex.errors import InputError

L = 3
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(5, L)), 0.7 + 1.3 * RANDOM.normal(size=(8, L))


def gaussian(a, b):
    return np.exp(-((a - b) ** 2).sum() / (2 * L))


def multiquadric(a, b):
    distance = ((a - b) ** 2).sum()
    return sum(2 * L * s / (2 * L * s + distance) for s in SCALES)


KERNELS = pytest.mark.parametrize(
    ("kernel", "twin"),
    [(gaussian_kernel, gaussian), (inverse_multiquadric_kernel, multiquadric)],
    ids=["gaussian", "multiquadric"],
)


@KERNELS
def test_it_is_the_u_statistic_of_a_double_loop(kernel, twin):
    def within(draws):
        pairs = [
            twin(a, b)
            for i, a in enumerate(draws)
            for j, b in enumerate(draws)
            if i != j
        ]
        return np.mean(pairs)

    across = np.mean([twin(a, b) for a in X for b in Y])
    expected = within(X) + within(Y) - 2 * across
    found = squared_discrepancy(jnp.asarray(X), jnp.asarray(Y), kernel)
    assert float(found) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.slow
@KERNELS
def test_it_is_zero_in_the_mean_for_one_distribution_and_above_for_two(kernel, twin):
    del twin
    keys = jax.random.split(jax.random.key(0), 2000)

    @quick_jit
    def both(keys):
        def one(key):
            x, y = jax.random.normal(key, (2, 6, L))
            moved = squared_discrepancy(x, 1.5 * y, kernel)
            return squared_discrepancy(x, y, kernel), moved

        return jax.vmap(one)(keys)

    for values, is_zero in zip(both(keys), (True, False), strict=True):
        values = np.asarray(values, np.float64)
        z_score = values.mean() / (values.std(ddof=1) / np.sqrt(len(values)))
        assert abs(z_score) < 4 if is_zero else z_score > 8


def test_the_gaussian_discrepancy_of_gaussians_has_a_closed_form():
    """E k(N(0, I), N(m, I)) = (1 + 2 / L)^(-L / 2) exp(-|m|^2 / (2 (L + 2)))."""
    mean = np.array([0.8, -0.4, 0.2])
    keys = jax.random.split(jax.random.key(1), 4000)

    @quick_jit
    def found(keys):
        def one(key):
            x, y = jax.random.normal(key, (2, 8, L))
            return squared_discrepancy(x, y + jnp.asarray(mean), gaussian_kernel)

        return jax.vmap(one)(keys)

    values = np.asarray(found(keys), np.float64)
    scale = (1 + 2 / L) ** (-L / 2)
    expected = 2 * scale * (1 - np.exp(-(mean @ mean) / (2 * (L + 2))))
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - expected) < 4 * error
    assert expected > 20 * error


def test_one_draw_is_refused():
    with pytest.raises(InputError, match="at least 2 draws, got 1"):
        squared_discrepancy(jnp.zeros((1, L)), jnp.zeros((4, L)), gaussian_kernel)
