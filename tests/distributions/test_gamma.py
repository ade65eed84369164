"""Beyond the contract: draws of very small and large concentrations, entropy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from vaex.distributions._gamma_draws import log_gamma_draws
from vaex.distributions.gamma import Gamma


@pytest.mark.slow
@pytest.mark.parametrize("concentration", [1e-3, 0.05, 1.0, 9e4, 1.1e5, 1e8])
def test_logarithms_of_draws(concentration, getkey):
    """KS at level 1e-3; below 1e-300 the CDF is x^a / Gamma(a + 1)."""
    a = float(np.float32(concentration))
    draw = jax.jit(lambda key: log_gamma_draws(key, jnp.full(20_000, a)))
    log_x = np.asarray(draw(getkey()), np.float64)

    def cdf(log_x):
        power = np.exp(np.minimum(a * log_x - special.gammaln(a + 1), 0.0))
        return np.where(log_x < -600, power, stats.gamma(a).cdf(np.exp(log_x)))

    assert np.isfinite(log_x).all()
    assert stats.kstest(log_x, cdf).pvalue > 1e-3


@pytest.mark.slow
def test_draws_of_a_small_concentration_are_not_zero(getkey):
    x = Gamma(1e-3, 1e4).sample(seed=getkey(), sample_shape=(2000,))
    assert (x > 0.0).all()
    assert jnp.isfinite(Gamma(1e-3, 1e4).log_prob(x)).all()


@pytest.mark.slow
def test_draws_are_differentiable(getkey):
    """E[x] = a / b, so that the mean slope in a is 1 / b; both branches of a."""
    key = getkey()
    for a, n in ((3.0, 20_000), (1e6, 100)):
        slope = jax.grad(
            lambda a, key=key, n=n: (
                Gamma(a, 2.0).sample(seed=key, sample_shape=(n,)).mean()
            )
        )(a)
        # The standard error is below 0.3 / sqrt(n) at 3, and 1e-4 at 1e6.
        np.testing.assert_allclose(slope, 0.5, atol=0.01)


def test_entropy_of_any_concentration():
    a = np.float32([0.01, 0.5, 1.0, 3.0, 100.0, 1e6, 1e10])
    expected = stats.gamma(a.astype(np.float64)).entropy()
    # scipy's own form cancels at 1e10: there it is the Gaussian's.
    expected[-1] = 0.5 * np.log(2 * np.pi * np.e * np.float64(a[-1]))
    np.testing.assert_allclose(Gamma(a, 1.0).entropy(), expected, rtol=2e-6, atol=1e-6)


def test_the_density_at_zero():
    d = Gamma(jnp.array([0.5, 1.0, 2.0]), 3.0)
    np.testing.assert_allclose(d.log_prob(0.0), [np.inf, np.log(3.0), -np.inf])
    assert (d.log_prob(-1.0) == -np.inf).all()
