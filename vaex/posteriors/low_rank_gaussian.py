"""Gaussian posterior with a covariance of low rank plus a diagonal."""

from collections.abc import Mapping

import distrax
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.numerics import positive
from vaex.posteriors.base import Posterior

_MOST = 1e3


class LowRankGaussian(Posterior):
    """q(z|x) = N(z; loc, W W^T + diag(s^2)), W of `rank` columns.

    All of loc, s and W come from the features, 2 + rank raw numbers per dimension;
    s = min_scale + softplus(raw). Its KL to a Gaussian prior has a closed form.

    Attributes:
      latent_dim: L.
      min_scale: lower bound of s.
      rank: R, columns of W.

    Numerics: a triangular root of the covariance by QR of [diag(s), W]^T, which does
      not square its condition: O(L^2 (L + R)) per example. What is saved over a full
      covariance is raw numbers; for L beyond some hundreds it is slow. An entry of W
      counts at most 1e3 times the s of its row, where its gradient ends.

    Source: Ong, Nott, Smith, "Gaussian variational approximation with a factor
      covariance structure", Journal of Computational and Graphical Statistics 27(3),
      2018, https://arxiv.org/abs/1701.03208; there not amortised, and by Woodbury's
      identity.

    >>> import jax
    >>> posterior = LowRankGaussian(latent_dim=3, rank=1)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> q.event_shape, q.batch_shape
    ((3,), (2,))
    """

    rank: int = 1

    is_factorized = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rank < 1:
            raise InputError(
                f"rank must be at least 1, got {self.rank}; rank 0 is DiagonalGaussian"
            )

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """loc, s and a row of W for each dimension."""
        return (self.latent_dim, 2 + self.rank)

    def from_raw(
        self, raw: Array, settings: Mapping[str, Array]
    ) -> distrax.MultivariateNormalTri:
        """Normal vectors."""
        del settings
        scale = positive(raw[..., 1], self.min_scale)
        loadings = jnp.clip(raw[..., 2:] / scale[..., None], -_MOST, _MOST)
        eye = jnp.eye(self.latent_dim, dtype=raw.dtype)
        root = (
            jnp.concatenate(
                [jnp.broadcast_to(eye, scale.shape + eye.shape[:1]), loadings], -1
            )
            * scale[..., None]
        )
        triangle = jnp.linalg.qr(root.mT, mode="r").mT
        # The signs of QR's diagonal are arbitrary.
        signs = jnp.sign(jnp.diagonal(triangle, axis1=-2, axis2=-1))
        factor = triangle * signs[..., None, :]
        return distrax.MultivariateNormalTri(raw[..., 0], factor)
