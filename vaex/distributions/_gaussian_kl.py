"""KL divergences between Gaussians given as distrax distributions."""

from typing import Any

import distrax
import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions._deviance import expm1_less, log_ratio

_DIAGONAL = distrax.MultivariateNormalDiag
_TRIANGULAR = distrax.MultivariateNormalTri  # the full covariance is one too


def elements(d: Any) -> Any:
    """The distribution inside any number of `Independent`."""
    while isinstance(d, distrax.Independent):
        d = d.distribution
    return d


def is_diagonal(d: Any) -> bool:
    """Whether the covariance is diagonal by construction; any event shape."""
    return isinstance(elements(d), distrax.Normal) or isinstance(d, _DIAGONAL)


def is_vector(d: Any) -> bool:
    """Whether it is a Gaussian over vectors, of any covariance."""
    gaussian = is_diagonal(d) or isinstance(d, _TRIANGULAR)
    return gaussian and len(d.event_shape) == 1


def _location_and_scale(d: Any) -> tuple[Any, Any]:
    if isinstance(d, _DIAGONAL):
        return d.loc, d.scale_diag
    return elements(d).loc, elements(d).scale


def factors(d: Any) -> Any:
    """The distribution of one factor, where it is a product of any."""
    if isinstance(d, _DIAGONAL):
        return distrax.Normal(*_location_and_scale(d))
    return elements(d)


def diagonal_kl(q: Any, p: Any) -> Array:
    """KL of each dimension, 1/2 (d^2 + exp(2u) - 1 - 2u).

    With d = (mu_q - mu_p) / s_p and u = log(s_q / s_p).

    Returns:
      [*batch, *event] nats.
    """
    (q_loc, q_scale), (p_loc, p_scale) = _location_and_scale(q), _location_and_scale(p)
    shift = jnp.square((q_loc - p_loc) / p_scale)
    return 0.5 * (shift + expm1_less(2.0 * log_ratio(q_scale, p_scale)))


def _location_and_factor(d: Any) -> tuple[Any, Any]:
    """Mean and lower-triangular A with positive diagonal, covariance A A^T."""
    if is_diagonal(d):
        loc, scale = _location_and_scale(d)
        return loc, scale[..., None] * jnp.eye(scale.shape[-1], dtype=scale.dtype)
    if not d.is_lower:
        return d.loc, jnp.linalg.cholesky(d.scale_tri @ d.scale_tri.mT)
    return d.loc, d.scale_tri * jnp.sign(_diagonal(d.scale_tri))[..., None, :]


def _diagonal(matrix: Array) -> Array:
    return jnp.diagonal(matrix, axis1=-2, axis2=-1)


def dense_kl(q: Any, p: Any) -> Array:
    """1/2 (|d|^2 + sum_i (m_ii^2 - 1 - 2 log m_ii) + sum_{i>j} m_ij^2).

    With covariances A A^T and B B^T: M = B^-1 A and d = B^-1 (mu_q - mu_p). Solved
    for M - 1 = B^-1 (A - B), so that nothing cancels where q is near p.

    Returns:
      [*batch] nats.
    """
    (q_loc, a), (p_loc, b) = _location_and_factor(q), _location_and_factor(p)
    batch = jnp.broadcast_shapes(q.batch_shape, p.batch_shape)
    size = q_loc.shape[-1]
    a, b = (jnp.broadcast_to(m, (*batch, size, size)) for m in (a, b))
    shift = jnp.broadcast_to(q_loc - p_loc, (*batch, size))
    right = jnp.concatenate([a - b, shift[..., None]], axis=-1)
    solved = jax.scipy.linalg.solve_triangular(b, right, lower=True)
    off_diagonal = jnp.square(jnp.tril(solved[..., :-1], -1)).sum((-2, -1))
    scales = expm1_less(2.0 * log_ratio(_diagonal(a), _diagonal(b))).sum(-1)
    return 0.5 * (jnp.square(solved[..., -1]).sum(-1) + scales + off_diagonal)
