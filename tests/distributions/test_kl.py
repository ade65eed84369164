"""KL divergences against quadrature, numpy in float64, Monte Carlo and identities.

What needs no value is checked by `jax.eval_shape`, the rest in few programs: compiling
operation by operation is what such tests spend their time on.
"""

import distrax
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import digamma, gammaln

from tests.distributions.gaussians import B, L, gaussian, normal
from vaex.distributions.bernoulli import Bernoulli
from vaex.distributions.kl import closed_form_kl, has_closed_form, monte_carlo_kl

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
