"""KL divergences against quadrature, numpy in float64, Monte Carlo and identities."""

import distrax
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import integrate

from vaex.distributions.bernoulli import Bernoulli
from vaex.distributions.kl import closed_form_kl, has_closed_form, monte_carlo_kl

B, L = 3, 4
RNG = np.random.default_rng(0)


def normal(loc, scale):
    return distrax.Independent(distrax.Normal(jnp.array(loc), jnp.array(scale)), 1)


def draw(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def factor(*batch):
    lower = np.tril(0.3 * draw(*batch, L, L), -1)
    return lower + np.eye(L, dtype=np.float32) * np.exp(0.3 * draw(*batch, L, 1))


def gaussians(*batch):
    """One of each kind of Gaussian vector, with its mean and covariance in float64."""
    loc, scale, a = draw(*batch, L), np.exp(0.3 * draw(*batch, L)), factor(*batch)
    covariance = a @ np.swapaxes(a, -1, -2)
    wide = [np.asarray(x, np.float64) for x in (loc, scale, a)]
    diagonal = np.eye(L) * wide[1][..., None, :] ** 2
    lower = wide[2] @ np.swapaxes(wide[2], -1, -2)
    upper = np.swapaxes(wide[2], -1, -2) @ wide[2]
    full = np.asarray(covariance, np.float64)
    tri, flipped = distrax.MultivariateNormalTri, -jnp.eye(L)
    return {
        "independent": (normal(loc, scale), wide[0], diagonal),
        "diag": (distrax.MultivariateNormalDiag(loc, scale), wide[0], diagonal),
        "tri": (tri(loc, jnp.array(a)), wide[0], lower),
        "flipped": (tri(loc, jnp.array(a) @ flipped), wide[0], lower),
        "upper": (
            tri(loc, jnp.swapaxes(jnp.array(a), -1, -2), is_lower=False),
            wide[0],
            upper,
        ),
        "full": (
            distrax.MultivariateNormalFullCovariance(loc, jnp.array(covariance)),
            wide[0],
            full,
        ),
    }


def dense(q_loc, q_cov, p_loc, p_cov):
    """KL between Gaussians in float64, by inverse and determinants."""
    precision = np.linalg.inv(p_cov)
    shift = p_loc - q_loc
    trace = np.einsum("...ij,...ji->...", precision, q_cov)
    quadratic = np.einsum("...i,...ij,...j->...", shift, precision, shift)
    log_det = np.linalg.slogdet(p_cov)[1] - np.linalg.slogdet(q_cov)[1]
    return 0.5 * (trace - L + quadratic + log_det)


KINDS = ["independent", "diag", "tri", "flipped", "upper", "full"]
FACTORISED = {"independent", "diag"}
Q, P, P_BATCH = gaussians(B), gaussians(), gaussians(B)


@pytest.mark.parametrize("p_batched", [False, True])
@pytest.mark.parametrize("p_kind", KINDS)
@pytest.mark.parametrize("q_kind", KINDS)
def test_gaussian_pairs(q_kind, p_kind, p_batched):
    q, q_loc, q_cov = Q[q_kind]
    p, p_loc, p_cov = (P_BATCH if p_batched else P)[p_kind]
    assert has_closed_form(q, p)
    actual = closed_form_kl(q, p)
    groups = L if {q_kind, p_kind} <= FACTORISED else 1
    assert actual.shape == (B, groups)
    expected = dense(q_loc, q_cov, p_loc, p_cov)
    np.testing.assert_allclose(actual.sum(-1), expected, rtol=1e-5)


def test_an_unbatched_posterior_takes_the_priors_batch():
    q, q_loc, q_cov = P["tri"]
    p, p_loc, p_cov = Q["tri"]
    actual = closed_form_kl(q, p)
    assert actual.shape == (B, 1)
    expected = dense(q_loc, q_cov, p_loc, p_cov)
    np.testing.assert_allclose(actual[:, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_kl_to_itself_is_zero(kind):
    q = Q[kind][0]
    np.testing.assert_array_equal(closed_form_kl(q, q), 0.0)


def element_pairs():
    """Element-wise families: name -> q, p with batch shape [B], (low, high)."""
    a, b = jnp.array([0.3, 1.0, 2.5]), jnp.array([1.5, 1.0, 0.7])
    real, positive, unit = (-40.0, 40.0), (0.0, 60.0), (0.0, 1.0)
    return {
        "Normal": (distrax.Normal(a, b), distrax.Normal(b, a), real),
        "Laplace": (distrax.Laplace(a, b), distrax.Laplace(b, a), real),
        "Gamma": (distrax.Gamma(1 + a, b), distrax.Gamma(1 + b, a), positive),
        "Beta": (distrax.Beta(1 + a, 1 + b), distrax.Beta(1 + b, 2 + a), unit),
    }


@pytest.mark.parametrize("name", element_pairs())
def test_elements_by_quadrature(name):
    q, p, (low, high) = element_pairs()[name]
    actual = closed_form_kl(distrax.Independent(q, 1), distrax.Independent(p, 1))
    assert actual.shape == (B,)
    assert closed_form_kl(q, p).shape == (B, 1)

    grid = np.linspace(low, high, 200_001)[1:-1, None]
    log_q, log_p = (np.asarray(d.log_prob(grid), np.float64) for d in (q, p))
    expected = integrate.simpson(np.exp(log_q) * (log_q - log_p), grid[:, 0], axis=0)
    np.testing.assert_allclose(actual, expected, rtol=2e-4)


def test_dirichlet_by_monte_carlo(getkey):
    """z-score below 4 over 20 000 samples."""
    q = distrax.Dirichlet(jnp.array([[2.0, 1.0, 3.0], [4.0, 0.7, 1.0]]))
    p = distrax.Dirichlet(jnp.array([1.0, 1.5, 2.0]))
    check_by_monte_carlo(q, p, getkey())


@pytest.mark.parametrize(
    ("q_kind", "p_kind"), [("tri", "independent"), ("independent", "full")]
)
def test_gaussians_by_monte_carlo(q_kind, p_kind, getkey):
    """z-score below 4 over 20 000 samples."""
    q, p = Q[q_kind][0], P[p_kind][0]
    check_by_monte_carlo(q, p, getkey())


def check_by_monte_carlo(q, p, key):
    @jax.jit
    def compute(q, p, key):
        z = q.sample(seed=key, sample_shape=(20_000,))
        return closed_form_kl(q, p), monte_carlo_kl(q, p, z)

    closed, estimates = compute(q, p, key)
    assert estimates.shape[1:] == closed.shape
    error = estimates.std(0) / np.sqrt(len(estimates))
    assert (jnp.abs(estimates.mean(0) - closed) < 4 * error).all()


@pytest.mark.parametrize(
    "family", [distrax.Categorical, distrax.OneHotCategorical], ids=lambda f: f.__name__
)
def test_categorical_by_enumeration(family):
    q_logits, p_logits = draw(B, L, 5), draw(L, 5)
    q, p = (family(logits=jnp.array(x)) for x in (q_logits, p_logits))
    log_q, log_p = (
        x.astype(float) - np.logaddexp.reduce(x.astype(float), -1, keepdims=True)
        for x in (q_logits, p_logits)
    )
    expected = (np.exp(log_q) * (log_q - log_p)).sum(-1)
    split = closed_form_kl(distrax.Independent(q, 1), distrax.Independent(p, 1))
    np.testing.assert_allclose(split, expected, rtol=1e-5)
    alone = closed_form_kl(
        family(logits=jnp.array(q_logits[:, 0])), family(logits=jnp.array(p_logits[0]))
    )
    np.testing.assert_allclose(alone, expected[:, :1], rtol=1e-5)


def test_categorical_with_impossible_outcomes():
    """0 log 0 = 0; mass where p has none is infinitely far."""
    half = distrax.Categorical(probs=jnp.array([0.5, 0.5, 0.0]))
    third = distrax.Categorical(probs=jnp.array([1.0, 1.0, 1.0]) / 3)
    np.testing.assert_allclose(closed_form_kl(half, third), [np.log(1.5)], rtol=1e-6)
    assert closed_form_kl(third, half).tolist() == [np.inf]


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
    scale = jnp.array([1.0, 1e-13, 1.0, 1e4, 1.0 + 1e-6])
    slopes = jax.jit(jax.grad(total, (0, 1)))(loc, scale)
    wide = np.asarray(scale, np.float64)
    np.testing.assert_allclose(slopes[0], loc)
    np.testing.assert_allclose(slopes[1], wide - 1 / wide, rtol=1e-5, atol=1e-12)


def test_event_of_several_axes_is_flattened():
    elements = distrax.Normal(draw(B, 2, 3), jnp.ones((B, 2, 3)))
    prior = distrax.Normal(jnp.zeros((2, 3)), jnp.ones((2, 3)))
    q, p = distrax.Independent(elements, 2), distrax.Independent(prior, 2)
    nested = distrax.Independent(distrax.Independent(elements, 1), 1)
    expected = 0.5 * np.square(elements.loc).reshape(B, 6)
    np.testing.assert_allclose(closed_form_kl(q, p), expected, rtol=1e-6)
    np.testing.assert_allclose(closed_form_kl(nested, p), expected, rtol=1e-6)
    assert monte_carlo_kl(q, p, jnp.zeros((7, B, 2, 3))).shape == (7, B, 6)


def test_no_closed_form():
    mixture = distrax.MixtureSameFamily(
        distrax.Categorical(logits=jnp.zeros(2)),
        normal(jnp.zeros((2, L)), jnp.ones((2, L))),
    )
    q = Q["independent"][0]
    assert not has_closed_form(q, mixture)
    assert closed_form_kl(q, mixture) is None
    assert monte_carlo_kl(q, mixture, jnp.zeros((2, B, L))).shape == (2, B, 1)
    laplace = distrax.Independent(distrax.Laplace(jnp.zeros(L), jnp.ones(L)), 1)
    assert closed_form_kl(q, laplace) is None
    assert monte_carlo_kl(q, laplace, jnp.zeros((2, B, L))).shape == (2, B, L)


def test_the_estimate_sums_to_the_difference_of_log_densities(getkey):
    q, p = Q["independent"][0], P["independent"][0]
    z = q.sample(seed=getkey(), sample_shape=(5,))
    expected = q.log_prob(z) - p.log_prob(z)
    np.testing.assert_allclose(monte_carlo_kl(q, p, z).sum(-1), expected, atol=1e-5)


def test_different_events_are_refused():
    with pytest.raises(ValueError, match=r"same event shape, got \(4,\) and \(2,\)"):
        closed_form_kl(Q["independent"][0], normal(jnp.zeros(2), jnp.ones(2)))
    with pytest.raises(ValueError, match="Independent"):
        closed_form_kl(Q["tri"][0], distrax.Normal(jnp.zeros(L), jnp.ones(L)))
