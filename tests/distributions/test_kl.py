"""KL divergences against quadrature, numpy in float64, Monte Carlo and identities.

What needs no value is checked by `jax.eval_shape`, the rest in few programs: compiling
operation by operation is what such tests spend their time on.
"""

from functools import cache

import distrax
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import digamma, gammaln

from vaex.distributions.bernoulli import Bernoulli
from vaex.distributions.kl import closed_form_kl, has_closed_form, monte_carlo_kl

B, L = 3, 4
FACTORISED = {"independent", "diag"}
KINDS = [*sorted(FACTORISED), "tri", "negative", "upper", "full"]


def normal(loc, scale):
    loc, scale = (jnp.asarray(x, jnp.float32) for x in (loc, scale))
    return distrax.Independent(distrax.Normal(loc, scale), 1)


@cache
def gaussian(kind, seed, *batch):
    """A Gaussian vector of this kind, its mean and covariance in float64."""
    rng = np.random.default_rng(seed)
    loc = rng.normal(size=(*batch, L)).astype(np.float32)
    scale = np.exp(0.3 * rng.normal(size=(*batch, L))).astype(np.float32)
    a = np.tril(0.3 * rng.normal(size=(*batch, L, L)), -1) + scale[..., None] * np.eye(
        L
    )
    a = a.astype(np.float32)
    tri = distrax.MultivariateNormalTri
    if kind in FACTORISED:
        a = scale[..., None] * np.eye(L, dtype=np.float32)
        vector = {"independent": normal, "diag": distrax.MultivariateNormalDiag}[kind]
        d = vector(jnp.array(loc), jnp.array(scale))
    elif kind == "tri":
        d = tri(jnp.array(loc), jnp.array(a))
    elif kind == "negative":  # a factor whose diagonal is not positive
        d = tri(jnp.array(loc), jnp.array(a * np.float32([1, -1, 1, -1])))
    elif kind == "upper":
        a = np.swapaxes(a, -1, -2)
        d = tri(jnp.array(loc), jnp.array(a), is_lower=False)
    else:
        covariance = jnp.array(a @ np.swapaxes(a, -1, -2))
        d = distrax.MultivariateNormalFullCovariance(jnp.array(loc), covariance)
    wide = a.astype(np.float64)
    return d, loc.astype(np.float64), wide @ np.swapaxes(wide, -1, -2)


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


A, C = np.array([0.3, 1.0, 2.5]), np.array([1.5, 1.0, 0.7])
# Family: its parameters in q and p, and the same by scipy.
ELEMENTS = {
    "Normal": ((A, C), (C, A), stats.norm),
    "Laplace": ((A, C), (C, A), stats.laplace),
    "Gamma": ((1 + A, C), (1 + C, A), lambda a, rate: stats.gamma(a, scale=1 / rate)),
    "Beta": ((1 + A, 1 + C), (1 + C, 2 + A), stats.beta),
}


@pytest.mark.parametrize("name", ELEMENTS)
def test_elements_by_quadrature(name):
    *parameters, twin = ELEMENTS[name]

    @jax.jit
    def compute(q, p):
        q, p = (getattr(distrax, name)(*x) for x in (q, p))
        split = closed_form_kl(distrax.Independent(q, 1), distrax.Independent(p, 1))
        return split, closed_form_kl(q, p)

    split, alone = compute(*jax.tree.map(jnp.float32, parameters))
    np.testing.assert_array_equal(alone, split[:, None])
    for i, actual in enumerate(split):
        q, p = (twin(*(x[i] for x in pair)) for pair in parameters)

        def integrand(z, q=q, p=p):
            return q.pdf(z) * (q.logpdf(z) - p.logpdf(z))

        expected, _ = integrate.quad(integrand, *q.ppf([1e-13, 1 - 1e-13]), limit=200)
        np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_dirichlet():
    """log of the ratio of normalisers, and sum_k (a_k - b_k) E_q log x_k."""
    a = np.array([[2.0, 1.0, 3.0], [4.0, 0.7, 1.0]])
    b = np.array([1.0, 1.5, 2.0])
    expected = (
        gammaln(a.sum(-1))
        - gammaln(a).sum(-1)
        - gammaln(b.sum(-1))
        + gammaln(b).sum(-1)
    ) + ((a - b) * (digamma(a) - digamma(a.sum(-1, keepdims=True)))).sum(-1)
    actual = jax.jit(closed_form_kl)(distrax.Dirichlet(a), distrax.Dirichlet(b))
    np.testing.assert_allclose(actual, expected[:, None], rtol=1e-5)


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


@pytest.mark.parametrize(
    "family", [distrax.Categorical, distrax.OneHotCategorical], ids=lambda f: f.__name__
)
def test_categorical_by_enumeration(family):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(B, L, 5)), rng.normal(size=(L, 5))
    log_q, log_p = (x - np.logaddexp.reduce(x, -1, keepdims=True) for x in logits)
    expected = (np.exp(log_q) * (log_q - log_p)).sum(-1)

    @jax.jit
    def compute(q, p):
        split = closed_form_kl(
            distrax.Independent(family(logits=q), 1),
            distrax.Independent(family(logits=p), 1),
        )
        return split, closed_form_kl(family(logits=q[:, 0]), family(logits=p[0]))

    split, alone = compute(*(jnp.array(x, jnp.float32) for x in logits))
    np.testing.assert_allclose(split, expected, rtol=1e-5)
    np.testing.assert_allclose(alone, expected[:, :1], rtol=1e-5)


def test_categorical_with_impossible_outcomes():
    """0 log 0 = 0; mass where p has none is infinitely far."""

    @jax.jit
    def kl(q, p):
        return closed_form_kl(
            distrax.Categorical(probs=q), distrax.Categorical(probs=p)
        )

    half, third = jnp.array([0.5, 0.5, 0.0]), jnp.array([1.0, 1.0, 1.0]) / 3
    np.testing.assert_allclose(kl(half, third), [np.log(1.5)], rtol=1e-6)
    assert kl(third, half).tolist() == [np.inf]


@pytest.mark.parametrize("family", [Bernoulli, distrax.Bernoulli])
def test_bernoulli_by_enumeration(family):
    q_logits, p_logits = jnp.array([[-30.0, -1.0, 0.0, 40.0]] * B), jnp.zeros(4)
    q, p = family(logits=q_logits), family(logits=p_logits)
    actual = closed_form_kl(distrax.Independent(q, 1), distrax.Independent(p, 1))
    logits = np.asarray(q_logits, np.float64)
    log_1, log_0 = -np.logaddexp(0.0, -logits), -np.logaddexp(0.0, logits)
    expected = np.exp(log_1) * log_1 + np.exp(log_0) * log_0 + np.log(2.0)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-12)


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


@pytest.mark.parametrize(("step", "rtol"), [(1e-2, 2e-4), (1e-3, 1e-3), (1e-4, 1e-2)])
def test_small_differences_of_logits(step, rtol):
    """From the uniform q to logits +-step: KL = log cosh(step)."""
    zero = jnp.zeros(4)
    logits = jnp.array([step, -step, step, -step])
    expected = [float(mpmath.log(mpmath.cosh(mpmath.mpf(float(np.float32(step))))))]
    categorical = [distrax.Categorical(logits=x) for x in (zero, logits)]
    np.testing.assert_allclose(closed_form_kl(*categorical), expected, rtol=rtol)
    # KL(1/2 || sigmoid(2 step)) = log cosh(step) too.
    bernoulli = closed_form_kl(Bernoulli(0.0), Bernoulli(2 * step))
    np.testing.assert_allclose(bernoulli, expected, rtol=rtol)


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


def test_event_of_several_axes_is_flattened():
    loc = np.random.default_rng(0).normal(size=(B, 2, 3))
    elements = distrax.Normal(jnp.array(loc, jnp.float32), jnp.ones((B, 2, 3)))
    prior = distrax.Normal(jnp.zeros((2, 3)), jnp.ones((2, 3)))
    p = distrax.Independent(prior, 2)
    flat = distrax.Independent(elements, 2)
    nested = distrax.Independent(distrax.Independent(elements, 1), 1)
    for q in (flat, nested):
        actual = closed_form_kl(q, p)
        np.testing.assert_allclose(actual, 0.5 * loc.reshape(B, 6) ** 2, rtol=1e-6)
    estimate = jax.eval_shape(monte_carlo_kl, flat, p, jnp.zeros((7, B, 2, 3)))
    assert estimate.shape == (7, B, 6)


def test_no_closed_form():
    """A mixture has none and no factors; a Laplace prior has none, but factors."""
    components = normal(jnp.zeros((2, L)), jnp.ones((2, L)))
    weights = distrax.Categorical(logits=jnp.zeros(2))
    mixture = distrax.MixtureSameFamily(weights, components)
    laplace = distrax.Independent(distrax.Laplace(jnp.zeros(L), jnp.ones(L)), 1)
    q, *_ = gaussian("independent", 0, B)
    for p, groups in ((mixture, 1), (laplace, L)):
        assert not has_closed_form(q, p)
        assert closed_form_kl(q, p) is None
        estimate = jax.eval_shape(monte_carlo_kl, q, p, jnp.zeros((2, B, L)))
        assert estimate.shape == (2, B, groups)


def test_the_estimate_sums_to_the_difference_of_log_densities():
    (q, *_), (p, *_) = gaussian("independent", 0, B), gaussian("independent", 1)
    z = jnp.array(np.random.default_rng(3).normal(size=(5, B, L)), jnp.float32)
    estimate, expected = jax.jit(
        lambda q, p: (monte_carlo_kl(q, p, z), q.log_prob(z) - p.log_prob(z))
    )(q, p)
    np.testing.assert_allclose(estimate.sum(-1), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kinds", ["nd", "dn", "dd"])
def test_the_estimate_has_a_column_for_each_factor_however_it_is_written(kinds):
    def made(kind, loc, scale):
        if kind == "d":
            return distrax.MultivariateNormalDiag(loc, scale)
        return normal(loc, scale)

    random = np.random.default_rng(4)
    (q_loc, p_loc), (q_scale, p_scale) = random.normal(size=(2, L)), np.ones((2, L))
    z = random.normal(size=(5, B, L)).astype(np.float32)
    q = made(kinds[0], jnp.array(np.tile(q_loc, (B, 1)), jnp.float32), jnp.ones((B, L)))
    p = made(kinds[1], jnp.array(p_loc, jnp.float32), jnp.ones(L))
    log_q, log_p = stats.norm(q_loc, q_scale).logpdf, stats.norm(p_loc, p_scale).logpdf
    expected = log_q(z) - log_p(z)
    actual = monte_carlo_kl(q, p, z)
    assert actual.shape == (5, B, L)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_different_events_are_refused():
    (q, *_), (tri, *_) = gaussian("independent", 0, B), gaussian("tri", 0, B)
    with pytest.raises(ValueError, match=r"same event shape, got \(4,\) and \(2,\)"):
        closed_form_kl(q, normal(jnp.zeros(2), jnp.ones(2)))
    with pytest.raises(ValueError, match="Independent"):
        closed_form_kl(tri, distrax.Normal(jnp.zeros(L), jnp.ones(L)))
