"""Multivariate normal distribution with a covariance of low rank plus a diagonal."""

import math

import distrax
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


class LowRankNormal(distrax.Distribution):
    """x = loc + s (V u + e), with u of R and e of D independent standard normals.

    A normal distribution with covariance S (I + V V^T) S, S = diag(s).

    Args:
      loc: [..., D].
      scale: [..., D] s > 0.
      loadings: [..., D, R] V, in units of s.

    Numerics: no D x D matrix. With C = I + V^T V and y = (x - loc) / s, the best u is
      m = C^-1 V^T y, and y^T (I + V V^T)^-1 y = |y - V m|^2 + |m|^2, squares that
      cannot cancel as the two terms of Woodbury's identity do. C is factorised by
      the QR of [V; I], which keeps its 1s for loadings up to 1e4.

    Source: Woodbury, "Inverting modified matrices", Statistical Research Group
      Memorandum 42, Princeton 1950, and Sylvester's determinant identity; the form
      by the best u is derived here.
    """

    def __init__(self, loc: Array, scale: Array, loadings: Array):
        super().__init__()
        self._loc, self._scale, self._loadings = loc, scale, loadings

    @property
    def event_shape(self) -> tuple[int, ...]:
        """(D,)."""
        return self._loc.shape[-1:]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Shape of the parameters without their last axes."""
        return self._loc.shape[:-1]

    def _triangle(self, loadings: Array) -> Array:
        """Upper triangular T with T^T T = I + V^T V, [..., R, R]."""
        rank = loadings.shape[-1]
        eye = jnp.eye(rank, dtype=loadings.dtype)
        eye = jnp.broadcast_to(eye, (*loadings.shape[:-2], rank, rank))
        return jnp.linalg.qr(jnp.concatenate([loadings, eye], -2), mode="r")

    def _log_diagonal(self, triangle: Array) -> Array:
        """Half the log-determinant of C, [...]."""
        return jnp.log(jnp.abs(jnp.diagonal(triangle, axis1=-2, axis2=-1))).sum(-1)

    def _sample_n(self, key: Array, n: int) -> Array:
        first, second = jax.random.split(key)
        rank, dtype = self._loadings.shape[-1], self._loc.dtype
        u = jax.random.normal(first, (n, *self.batch_shape, rank), dtype)
        e = jax.random.normal(second, (n, *self._loc.shape), dtype)
        common = jnp.einsum("...ij,n...j->n...i", self._loadings, u)
        return self._loc + self._scale * (common + e)

    def log_prob(self, value: ArrayLike) -> Array:
        """[...] nats of values [..., D]."""
        return self.marginal_log_prob(value, True)

    def marginal_log_prob(self, value: ArrayLike, observed: ArrayLike) -> Array:
        """Log-density of the observed elements, the others integrated out.

        Args:
          value: [..., D], finite also where it is hidden.
          observed: [..., D] bool.

        Returns:
          [...] nats.
        """
        observed = jnp.asarray(observed, bool)
        y = (jnp.asarray(value, self._loc.dtype) - self._loc) / self._scale
        y = jnp.where(observed, y, 0.0)
        loadings = jnp.where(observed[..., None], self._loadings, 0.0)
        triangle = self._triangle(loadings)
        projected = jnp.einsum("...ij,...i->...j", loadings, y)[..., None]
        shape = jnp.broadcast_shapes(triangle.shape[:-1], projected.shape[:-1])
        wide = jnp.broadcast_to(triangle, (*shape, shape[-1]))
        half = jax.scipy.linalg.solve_triangular(wide, projected, trans=1)
        best = jax.scipy.linalg.solve_triangular(wide, half)[..., 0]
        rest = y - jnp.einsum("...ij,...j->...i", loadings, best)
        constant = 0.5 * math.log(2.0 * math.pi)
        nats = 0.5 * jnp.square(rest) + jnp.log(self._scale) + constant
        total = jnp.where(observed, nats, 0.0).sum(-1)
        total = total + 0.5 * jnp.square(best).sum(-1)
        return -(total + self._log_diagonal(triangle))

    def mean(self) -> Array:
        """[..., D] loc."""
        return self._loc

    def mode(self) -> Array:
        """[..., D] loc."""
        return self._loc

    def variance(self) -> Array:
        """[..., D] s^2 (1 + |row of V|^2)."""
        return jnp.square(self._scale) * (1.0 + jnp.square(self._loadings).sum(-1))

    def entropy(self) -> Array:
        """[...] nats."""
        each = 0.5 * (1.0 + math.log(2.0 * math.pi)) + jnp.log(self._scale)
        return each.sum(-1) + self._log_diagonal(self._triangle(self._loadings))
