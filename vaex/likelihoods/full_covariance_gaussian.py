"""Gaussian likelihood with a full covariance of the whole event."""

import math

import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.likelihoods._full_covariance_normal import FullCovarianceNormal
from vaex.likelihoods._reshaped import Reshaped
from vaex.likelihoods.base import Likelihood, positive


class FullCovarianceGaussian(Likelihood):
    """p(x|z) = N(x; loc, L L^T), the event as one vector of D elements.

    On the real numbers, for events of up to some tens of elements whose noise is
    correlated in a way that depends on z: D (D + 3) / 2 raw numbers per example (for
    more, see LowRankGaussian). They are loc, the diagonal s = min_scale +
    softplus(raw) of the lower triangular L, and below it by rows sqrt(D) phi, where
    L = (I - phi)^-1 diag(s): each element is regressed on those before it,

      x_i = loc_i + sum_{j<i} phi_ij (x_j - loc_j) + s_i e_i.

    Raw 0 is D independent elements. A mask may hide any cells: the density of the
    others is their exact marginal.

    Numerics: by regressions rather than by L itself nothing is solved in training,
      and the density stays finite in float32 for any raw numbers; the factor
      1 / sqrt(D) bounds what random ones add up to.

    Source: Dorta, Vicente, Agapito, Campbell, Simpson, "Structured Uncertainty
      Prediction Networks", CVPR 2018, https://arxiv.org/abs/1802.07079 (a Cholesky
      factor predicted from z); Pourahmadi, "Joint mean-covariance models with
      applications to longitudinal data: unconstrained parameterisation",
      Biometrika 86, 1999, https://doi.org/10.1093/biomet/86.3.677.

    >>> import jax
    >>> head = FullCovarianceGaussian(event_shape=(3,))
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 4)))
    >>> x, mask = jnp.zeros((2, 3)), jnp.array([[True] * 3, [False] * 3])
    >>> head.apply(variables, jnp.zeros((2, 4)), x, mask, method="log_prob").shape
    (2,)
    """

    marginalizes = True

    @property
    def attribution_shape(self) -> tuple[int, ...]:
        """(): the event is scored as a whole."""
        return ()

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """loc, the diagonal and what is below it."""
        size = math.prod(self.event_shape)
        return (size * (size + 3) // 2,)

    def from_raw(self, raw: Array) -> Reshaped:
        """Normal distribution of the whole event."""
        size = math.prod(self.event_shape)
        loc, raw_scale, below = jnp.split(raw, [size, 2 * size], axis=-1)
        rows, columns = np.tril_indices(size, -1)
        coefficients = jnp.zeros((*raw.shape[:-1], size, size), raw.dtype)
        coefficients = coefficients.at[..., rows, columns].set(below / math.sqrt(size))
        scale = positive(raw_scale, self.min_scale)
        vectors = FullCovarianceNormal(loc, scale, coefficients)
        return Reshaped(vectors, self.event_shape)

    def score(
        self, elements: Reshaped, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Log-density of the whole event, or of its observed cells."""
        del train
        if mask is None:
            return elements.log_prob(x)
        return elements.marginal_log_prob(x, mask)
