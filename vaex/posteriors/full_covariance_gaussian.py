"""Gaussian posterior with a full covariance."""

from collections.abc import Mapping

import distrax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.numerics import positive
from vaex.posteriors.base import Posterior


class FullCovarianceGaussian(Posterior):
    """q(z|x) = N(z; loc, A A^T), A lower triangular.

    L (L + 3) / 2 raw numbers: loc, the diagonal of A, min_scale + softplus(raw), and
    the raw numbers below it, by rows. Its KL to a Gaussian prior has a closed form.

    Numerics: a density solves with A in O(L^2), no covariance is formed. Entries of A
      far above the diagonal's min_scale make it ill-conditioned.

    Source: Kingma, Welling, "An Introduction to Variational Autoencoders",
      Foundations and Trends in Machine Learning 12(4), 2019,
      https://arxiv.org/abs/1906.02691, section on full-covariance Gaussian posteriors.

    >>> import jax
    >>> posterior = FullCovarianceGaussian(latent_dim=3)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> q.event_shape, q.batch_shape
    ((3,), (2,))
    """

    is_factorized = False

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """loc, the diagonal and what is below it."""
        return (self.latent_dim * (self.latent_dim + 3) // 2,)

    def from_raw(
        self, raw: Array, settings: Mapping[str, Array]
    ) -> distrax.MultivariateNormalTri:
        """Normal vectors."""
        del settings
        size = self.latent_dim
        loc, raw_scale, below = jnp.split(raw, [size, 2 * size], axis=-1)
        scale = positive(raw_scale, self.min_scale)
        rows, columns = np.tril_indices(size, -1)
        factor = scale[..., None] * jnp.eye(size, dtype=raw.dtype)
        factor = factor.at[..., rows, columns].set(below)
        return distrax.MultivariateNormalTri(loc, factor)
