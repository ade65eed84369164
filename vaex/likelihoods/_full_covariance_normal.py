"""Multivariate normal distribution by the regression of each element on others."""

import math

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


class FullCovarianceNormal(distrax.Distribution):
    """x_i = loc_i + sum_{j<i} phi_ij (x_j - loc_j) + s_i e_i, e standard normal.

    A normal distribution with covariance L L^T, where L = (I - phi)^-1 diag(s) is its
    Cholesky factor: the diagonal of L is s.

    Args:
      loc: [..., D].
      scale: [..., D] s > 0.
      coefficients: [..., D, D] phi, strictly lower triangular.

    Numerics: log_prob solves nothing. A marginal log-density factorises the observed
      rows of L by QR, which does not square its condition as the covariance does.

    Source: Pourahmadi, "Joint mean-covariance models with applications to
      longitudinal data: unconstrained parameterisation", Biometrika 86, 1999,
      https://doi.org/10.1093/biomet/86.3.677.
    """

    def __init__(self, loc: Array, scale: Array, coefficients: Array):
        super().__init__()
        self._loc, self._scale, self._coefficients = loc, scale, coefficients

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(D,)."""
        return self._loc.shape[-1:]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the parameters without their last axes."""
        return self._loc.shape[:-1]

    def _factor(self) -> Array:
        """L, [..., D, D]."""
        eye = jnp.eye(self._loc.shape[-1], dtype=self._loc.dtype)
        inverse = jax.scipy.linalg.solve_triangular(
            eye - self._coefficients,
            jnp.broadcast_to(eye, self._coefficients.shape),
            lower=True,
            unit_diagonal=True,
        )
        return inverse * self._scale[..., None, :]

    def _sample_n(self, key: Array, n: int) -> Array:
        noise = jax.random.normal(key, (n, *self._loc.shape), self._loc.dtype)
        return self._loc + jnp.einsum("...ij,n...j->n...i", self._factor(), noise)

    def log_prob(self, value: ArrayLike) -> Array:
        """[...] nats of values [..., D]."""
        away = jnp.asarray(value, self._loc.dtype) - self._loc
        predicted = jnp.einsum("...ij,...j->...i", self._coefficients, away)
        z = (away - predicted) / self._scale
        constant = 0.5 * math.log(2.0 * math.pi)
        return -(0.5 * jnp.square(z) + jnp.log(self._scale) + constant).sum(-1)

    def marginal_log_prob(self, value: ArrayLike, observed: ArrayLike) -> Array:
        """Log-density of the observed elements, the others integrated out.

        Args:
          value: [..., D], finite also where it is hidden.
          observed: [..., D] bool.

        Returns:
          [...] nats.
        """
        away = jnp.asarray(value, self._loc.dtype) - self._loc
        observed = jnp.asarray(observed, bool)
        observed, away = jnp.broadcast_arrays(observed, away)
        away = jnp.where(observed, away, 0.0)
        # Hidden elements become unit cells of their own; [L, 1] is a root of that
        # covariance, and the triangle of its QR is the Cholesky factor.
        kept = observed.astype(away.dtype)
        rows = self._factor() * kept[..., None]
        eye = jnp.eye(away.shape[-1], dtype=away.dtype)
        cells = jnp.broadcast_to(eye * (1.0 - kept)[..., None], rows.shape)
        root = jnp.concatenate([rows, cells], -1).swapaxes(-1, -2)
        triangle = jnp.linalg.qr(root, mode="r")
        diagonal = jnp.abs(jnp.diagonal(triangle, axis1=-2, axis2=-1))
        z = jax.scipy.linalg.solve_triangular(triangle, away[..., None], trans=1)
        constant = 0.5 * math.log(2.0 * math.pi)
        nats = 0.5 * jnp.square(z[..., 0]) + jnp.log(diagonal) + constant
        return -jnp.where(observed, nats, 0.0).sum(-1)

    def mean(self) -> Array:
        """[..., D] loc."""
        return self._loc

    def mode(self) -> Array:
        """[..., D] loc."""
        return self._loc

    def variance(self) -> Array:
        """[..., D] the diagonal of L L^T."""
        return jnp.square(self._factor()).sum(-1)

    def covariance(self) -> Array:
        """[..., D, D] L L^T."""
        factor = self._factor()
        return factor @ factor.swapaxes(-1, -2)

    def entropy(self) -> Array:
        """[...] nats."""
        each = 0.5 * (1.0 + math.log(2.0 * math.pi)) + jnp.log(self._scale)
        return each.sum(-1)
