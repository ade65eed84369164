"""The Gaussian posterior by its log-variances, against scipy."""

import jax
import numpy as np
import pytest
from scipy import stats

from vaex.posteriors.log_variance_gaussian import LogVarianceGaussian


@pytest.mark.parametrize("log_variance", [-30.0, -3.0, 0.0, 2.5])
def test_density_and_moments_are_scipys(log_variance):
    posterior = LogVarianceGaussian(latent_dim=2, min_scale=0.1)
    raw = np.array([[0.3, log_variance], [-1.0, 0.5]], np.float32)
    scale = np.sqrt(0.1**2 + np.exp(raw[:, 1].astype(np.float64)))
    q = posterior.from_raw(raw[None], {})
    z = np.array([[0.25, -1.5]], np.float32)
    twin = stats.norm(raw[:, 0], scale)
    np.testing.assert_allclose(q.log_prob(z)[0], twin.logpdf(z[0]).sum(), rtol=1e-5)
    np.testing.assert_allclose(q.mean()[0], raw[:, 0], rtol=1e-6)
    np.testing.assert_allclose(q.stddev()[0], scale, rtol=1e-6)


def test_an_absurd_log_variance_gives_numbers():
    def scale(v):
        raw = jax.numpy.stack([jax.numpy.zeros(1), v], axis=-1)
        return LogVarianceGaussian(latent_dim=1).from_raw(raw, {}).stddev()[0]

    value, slope = jax.value_and_grad(scale)(jax.numpy.full(1, 1e4))
    assert float(value) == pytest.approx(np.exp(10), rel=1e-6)
    assert slope.tolist() == [0.0]
