"""KL divergences between Gaussian vectors, however each is written."""

import distrax
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from tests.distributions.gaussians import FACTORISED, KINDS, B, L, gaussian, normal
from vaex.distributions.kl import closed_form_kl, has_closed_form, monte_carlo_kl


def dense(q_loc, q_cov, p_loc, p_cov):
    """KL between Gaussians in float64, by inverse and determinants."""
    precision = np.linalg.inv(p_cov)
    shift = p_loc - q_loc
    trace = np.einsum("...ij,...ji->...", precision, q_cov)
    quadratic = np.einsum("...i,...ij,...j->...", shift, precision, shift)
    log_det = np.linalg.slogdet(p_cov)[1] - np.linalg.slogdet(q_cov)[1]
    return 0.5 * (trace - L + quadratic + log_det)


@pytest.mark.parametrize("p_kind", KINDS)
@pytest.mark.parametrize("q_kind", KINDS)
def test_gaussian_pairs(q_kind, p_kind):
    """Of a batch with one prior, with a prior for each, and one with several priors."""
    groups = L if {q_kind, p_kind} <= FACTORISED else 1
    for q_batch, p_batch in (((B,), ()), ((B,), (B,)), ((), (B,))):
        q, *q_moments = gaussian(q_kind, 0, *q_batch)
        p, *p_moments = gaussian(p_kind, 1, *p_batch)
        assert has_closed_form(q, p)
        actual = closed_form_kl(q, p)
        assert actual.shape == (B, groups)
        expected = dense(*q_moments, *p_moments)
        np.testing.assert_allclose(actual.sum(-1), expected, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_kl_to_itself_is_zero(kind):
    q, *_ = gaussian(kind, 0, B)
    np.testing.assert_array_equal(closed_form_kl(q, q), 0.0)


@pytest.mark.parametrize(
    ("q_kind", "p_kind"), [("tri", "independent"), ("independent", "diag")]
)
def test_gaussians_by_monte_carlo(q_kind, p_kind):
    """z-score below 4 over 20 000 samples."""
    (q, mean, covariance), (p, *_) = gaussian(q_kind, 0, B), gaussian(p_kind, 1)
    noise = np.random.default_rng(2).normal(size=(20_000, B, L))
    z = jnp.array(
        mean + np.einsum("bij,sbj->sbi", np.linalg.cholesky(covariance), noise)
    )

    @jax.jit
    def compute(q, p):
        return closed_form_kl(q, p).sum(-1), monte_carlo_kl(q, p, z).sum(-1)

    closed, estimates = compute(q, p)
    error = estimates.std(0) / np.sqrt(len(z))
    assert (np.abs(estimates.mean(0) - closed) < 4 * error).all()


@pytest.mark.parametrize("step", [1e-2, 1e-3, 1e-4, 1e-6])
def test_small_differences_of_scale(step):
    """To 1e-5 relative, down to KL = 1e-12, where 1 + KL is 1 in float32."""
    scale = np.float32(1.0 + step)
    u = mpmath.log(mpmath.mpf(float(scale)))
    expected = float((mpmath.expm1(2 * u) - 2 * u) / 2)
    p = normal([0.0], [1.0])
    tri = distrax.MultivariateNormalTri(jnp.zeros(1), jnp.array([[scale]]))
    for q in (normal([0.0], [scale]), tri):
        np.testing.assert_allclose(closed_form_kl(q, p), [expected], rtol=1e-5)


def test_gradients_at_equality_and_at_extremes():
    def total(loc, scale):
        q = distrax.Independent(distrax.Normal(loc, scale), 1)
        return closed_form_kl(q, normal(jnp.zeros(5), jnp.ones(5))).sum()

    loc = jnp.array([0.0, 0.0, 1e4, 0.0, -2.0])
    scale = jnp.array([1.0, 1e-25, 1.0, 1e4, 1.0 + 1e-6])
    slopes = jax.jit(jax.grad(total, (0, 1)))(loc, scale)
    wide = np.asarray(scale, np.float64)
    np.testing.assert_allclose(slopes[0], loc)
    np.testing.assert_allclose(slopes[1], wide - 1 / wide, rtol=1e-5, atol=1e-12)
