"""Beyond the contract: far tails in float32, the saturating ends, static K."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from vaex.distributions.discretized_logistic import DiscretizedLogistic


def exact(x: int, loc: float, scale: float, num_classes: int) -> float:
    """Log of the difference of two tails, on the side of x, by mpmath at 60 digits."""
    with mpmath.workdps(60):
        loc, scale = mpmath.mpf(float(np.float32(loc))), float(np.float32(scale))
        side = 1 if x > loc else -1

        def tail(t):
            return 1 / (1 + mpmath.exp(side * (t - loc) / scale))

        upper = int(side < 0) if x == num_classes - 1 else tail(x + 0.5)
        lower = int(side > 0) if x == 0 else tail(x - 0.5)
        return float(mpmath.log(abs(upper - lower)))


@pytest.mark.parametrize(
    ("loc", "scale"),
    [(127.3, 0.5), (127.3, 0.05), (0.0, 2.0), (-40.0, 3.0), (300.0, 10.0), (90.0, 1e4)],
)
def test_far_tails(loc, scale):
    x = np.array([0, 1, 89, 127, 254, 255])
    actual = jax.jit(lambda d: d.log_prob(x))(DiscretizedLogistic(loc, scale, 256))
    expected = [exact(int(k), loc, scale, 256) for k in x]
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("x", [0.0, 3.0, 7.0])
def test_derivatives_where_an_edge_of_a_bin_is_the_location(x):
    """Upper or lower argument exactly 0; by mpmath, in location and scale."""

    def log_prob(loc, scale):
        return DiscretizedLogistic(loc, scale, 8).log_prob(x)

    def exact_slope(at, orders):
        found = mpmath.diff(lambda a, b: exact_log_prob(x, a, b), at, orders)
        return float(found)

    for at in ((x + 0.5, 1.5), (x - 0.5, 1.5)):
        first = jax.jit(jax.grad(log_prob, (0, 1)))(*at)
        exact = [exact_slope(at, orders) for orders in ((1, 0), (0, 1))]
        np.testing.assert_allclose(first, exact, rtol=1e-5, atol=1e-6)
        second = jax.jit(jax.hessian(log_prob, (0, 1)))(*at)
        exact = [[exact_slope(at, o) for o in row] for row in SECOND]
        np.testing.assert_allclose(second, exact, rtol=1e-4, atol=1e-5)


SECOND = [[(2, 0), (1, 1)], [(1, 1), (0, 2)]]


def exact_log_prob(x, loc, scale):
    """As `exact`, of 8 levels and of mpmath's numbers."""
    upper = 1 if x == 7 else 1 / (1 + mpmath.exp((loc - x - 0.5) / scale))
    lower = 0 if x == 0 else 1 / (1 + mpmath.exp((loc - x + 0.5) / scale))
    return mpmath.log(upper - lower)


def test_ends_take_the_tails():
    d = DiscretizedLogistic(jnp.array([-1e4, 1e4]), 1.0, 256)
    ends = np.array([0.0, 255.0])
    log_prob, mean, mode = jax.jit(lambda d: (d.log_prob(ends), d.mean(), d.mode()))(d)
    np.testing.assert_allclose(log_prob, 0.0)
    np.testing.assert_allclose(mean, ends, rtol=1e-6)
    np.testing.assert_array_equal(mode, ends)


def test_outside_the_levels():
    d = DiscretizedLogistic(1.0, 1.0, 3)
    assert d.log_prob(jnp.array([-1.0, 3.0])).tolist() == [-np.inf, -np.inf]


@pytest.mark.parametrize("num_classes", [2, 17, 256])
def test_mass_is_one_at_any_number_of_levels(num_classes):
    loc = jnp.array([-5.0, 0.5, num_classes / 3, num_classes + 20.0])[:, None]
    scale = jnp.array([0.01, 1.0, 50.0])
    d = DiscretizedLogistic(loc, scale, num_classes)
    x = np.arange(num_classes)[:, None, None]
    mass = jax.jit(lambda d: d.prob(x).sum(0))(d)
    np.testing.assert_allclose(mass, 1.0, rtol=2e-6)


def test_an_end_may_be_the_mode():
    """Most mass lies outside the levels although loc does not."""
    d = DiscretizedLogistic(jnp.array([4.0, 7.4]), jnp.array([50.0, 1.0]), 16)
    assert jax.jit(lambda d: d.mode())(d).tolist() == [0.0, 7.0]


def test_a_scale_below_the_resolution_of_loc_still_draws_both_neighbours(getkey):
    d = DiscretizedLogistic(200.5, 1e-6, 256)
    x = jax.jit(lambda key: d.sample(seed=key, sample_shape=4000))(getkey())
    upper = float((x == 201).mean())
    assert set(np.unique(x)) == {200.0, 201.0}
    assert abs(upper - 0.5) < 4 * 0.5 / np.sqrt(4000)


def test_mean_differentiates():
    """d mean / d loc is 1 in the middle of many levels."""
    slope = jax.grad(lambda loc: DiscretizedLogistic(loc, 3.0, 101).mean())(50.0)
    np.testing.assert_allclose(slope, 1.0, rtol=1e-5)


def test_another_number_of_levels_is_another_program_and_an_equal_one_is_not():
    traces = []

    @jax.jit
    def mean(d):
        traces.append(d.num_classes)
        return d.mean()

    for num_classes in (4, 4, 8, np.int64(4), 8):
        mean(DiscretizedLogistic(1.0, 1.0, num_classes))
    assert traces == [4, 8]


def test_one_level_is_refused():
    with pytest.raises(ValueError, match="num_classes must be at least 2, got 1"):
        DiscretizedLogistic(0.0, 1.0, 1)
