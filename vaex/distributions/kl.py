"""The table of KL divergences that have a closed form, and the estimate for others.

B batch, L latent, S samples, G groups: one column per factor where both
distributions factorise alike, else one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import distrax
import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions import _gaussian_kl as gaussian
from vaex.distributions._categorical_vectors import CategoricalVectors, OneHotVectors
from vaex.distributions._deviance import expm1_less
from vaex.distributions._gaussian_kl import elements
from vaex.distributions._sphere import SphereDistribution
from vaex.distributions.bernoulli import Bernoulli
from vaex.distributions.spherical_uniform import SphericalUniform


def _elements_are(*kinds: type) -> Callable[[Any], bool]:
    return lambda d: isinstance(elements(d), kinds)


def _grouped(values: Array, q: Any, p: Any) -> Array:
    """[*batch, *factors] -> [*batch, G]."""
    batch = jnp.broadcast_shapes(q.batch_shape, p.batch_shape)
    return values.reshape(*batch, -1)


def _diagonal_gaussian(q: Any, p: Any) -> Array:
    return _grouped(gaussian.diagonal_kl(q, p), q, p)


def _dense_gaussian(q: Any, p: Any) -> Array:
    return gaussian.dense_kl(q, p)[..., None]


def _outcomes(log_q: Array, log_p: Array) -> Array:
    """Terms q log(q/p) + p - q, whose sum over outcomes is the KL; p where q = 0."""
    q, p = jnp.exp(log_q), jnp.exp(log_p)
    t = jnp.where(q > 0.0, log_p - log_q, 0.0)
    near = jnp.abs(t) < 0.5
    close = q * expm1_less(jnp.where(near, t, 0.0))
    return jnp.where(q > 0.0, jnp.where(near, close, p - q * (1.0 + t)), p)


def _categorical(q: Any, p: Any) -> Array:
    log_q = jax.nn.log_softmax(elements(q).logits)
    log_p = jax.nn.log_softmax(elements(p).logits)
    return _grouped(_outcomes(log_q, log_p).sum(-1), q, p)


def _bernoulli(q: Any, p: Any) -> Array:
    ones, zeros = (
        _outcomes(
            jax.nn.log_sigmoid(sign * elements(q).logits),
            jax.nn.log_sigmoid(sign * elements(p).logits),
        )
        for sign in (1.0, -1.0)
    )
    return _grouped(ones + zeros, q, p)


def _by_distrax(q: Any, p: Any) -> Array:
    return _grouped(elements(q).kl_divergence(elements(p)), q, p)


_is_on_sphere = _elements_are(SphereDistribution)


def _on_sphere(q: Any, p: Any) -> Array:
    del p
    return q.kl_to_uniform()[..., None]


class _Row(NamedTuple):
    q: Callable[[Any], bool]
    p: Callable[[Any], bool]
    kl: Callable[[Any, Any], Array]


def _same(*kinds: type, kl: Callable[[Any, Any], Array] = _by_distrax) -> _Row:
    return _Row(_elements_are(*kinds), _elements_are(*kinds), kl)


# The first row that fits counts: finer groups stand higher.
_TABLE = (
    _Row(gaussian.is_diagonal, gaussian.is_diagonal, _diagonal_gaussian),
    _Row(gaussian.is_vector, gaussian.is_vector, _dense_gaussian),
    _Row(
        _elements_are(SphereDistribution), _elements_are(SphericalUniform), _on_sphere
    ),
    _same(Bernoulli, distrax.Bernoulli, kl=_bernoulli),
    _same(distrax.Categorical, kl=_categorical),
    _same(OneHotVectors, kl=_categorical),
    _same(distrax.Laplace),
    _same(distrax.Gamma),
    _same(distrax.Beta),
    _same(distrax.Dirichlet),
)


def _find(q: Any, p: Any) -> _Row | None:
    return next((row for row in _TABLE if row.q(q) and row.p(p)), None)


def has_closed_form(q: Any, p: Any) -> bool:
    """Whether KL(q || p) is in the table; depends on the types alone.

    >>> normal, gumbel = distrax.Normal(0.0, 1.0), distrax.Gumbel(0.0, 1.0)
    >>> has_closed_form(normal, normal), has_closed_form(normal, gumbel)
    (True, False)
    """
    return _find(q, p) is not None


def closed_form_kl(q: Any, p: Any) -> Array | None:
    """KL(q || p) = E_q log q(z)/p(z), split by groups.

    Gaussians (`Independent` normals, `MultivariateNormalDiag`,
    `MultivariateNormalTri`, full covariance) in any pair; Bernoulli, categorical,
    one-hot, Laplace, gamma, beta, Dirichlet each with its like, alone or inside
    `Independent`; power spherical and von Mises-Fisher to the uniform on the sphere;
    `one_hot_categoricals` of as many variables and categories.

    Args:
      q: distribution of batch shape [B] or ().
      p: distribution of the same event shape; [B] or ().

    Returns:
      [B, G] nats: G is the number of factors of `Independent` (L for
      `Independent(Normal, 1)`), or of categorical variables, or 1; None where the
      pair is not in the table.

    Raises:
      ValueError: if the event shapes differ.

    Numerics: Gaussian, Bernoulli and categorical divergences are sums of terms that
      are not negative, so that KL(q || q) is 0 and small ones are right: Gaussian to
      relative float accuracy, the others to about 1e-7 sqrt(KL). Laplace, gamma,
      beta and Dirichlet are as accurate as distrax makes them.

    Source: derived here from the definition; for Gaussians the result is the usual
      one, as in Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014,
      https://arxiv.org/abs/1312.6114.

    >>> normal = lambda loc: distrax.Independent(distrax.Normal(loc, jnp.ones(2)), 1)
    >>> closed_form_kl(normal(jnp.ones((3, 2))), normal(jnp.zeros(2))).tolist()
    [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    """
    if q.event_shape != p.event_shape:
        raise ValueError(
            f"q and p must have the same event shape, got {q.event_shape} and "
            f"{p.event_shape}; wrap element-wise distributions in distrax.Independent"
        )
    row = _find(q, p)
    return None if row is None else row.kl(q, p)


def monte_carlo_kl(q: Any, p: Any, z: Array) -> Array:
    """Single-sample estimates of KL(q || p), log q(z) - log p(z), by groups.

    Args:
      q: distribution of batch shape [B] or ().
      p: distribution of batch shape [B] or ().
      z: [S, B, *event] samples of q.

    Returns:
      [S, B, G] nats, of which one column or all may be negative; G is the number of
      factors where both are products of factors of the same shape (`Independent`,
      `MultivariateNormalDiag`, or vectors of categorical variables), else 1.

    >>> normal = lambda loc: distrax.Independent(distrax.Normal(loc, jnp.ones(2)), 1)
    >>> z = jnp.zeros((5, 3, 2))
    >>> monte_carlo_kl(normal(jnp.ones((3, 2))), normal(jnp.zeros(2)), z).shape
    (5, 3, 2)
    """
    if isinstance(q, CategoricalVectors) and isinstance(p, CategoricalVectors):
        return q.log_prob_by_variable(z) - p.log_prob_by_variable(z)
    inner_q, inner_p = gaussian.factors(q), gaussian.factors(p)
    if inner_q.event_shape == inner_p.event_shape:
        q, p = inner_q, inner_p
    estimate = q.log_prob(z) - p.log_prob(z)
    return estimate.reshape(*estimate.shape[:2], -1)
