"""Gaussian likelihood with a low-rank covariance of the whole event."""

import math

import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.likelihoods._low_rank_normal import LowRankNormal
from vaex.likelihoods._reshaped import Reshaped
from vaex.likelihoods.base import Likelihood, positive

_MOST = 1e4


class LowRankGaussian(Likelihood):
    """p(x|z) = N(x; loc, W W^T + diag(s^2)), the event as one vector of D elements.

    On the real numbers, for images and long vectors whose noise is correlated: W has
    `rank` columns, and all of loc, s and W are predicted from z, 2 + rank raw numbers
    per element. s = min_scale + softplus(raw). A mask may hide any cells: the density
    of the others is their exact marginal.

    Attributes:
      rank: columns of W.

    Numerics: O(D rank^2) by Woodbury's identity, no D x D matrix. An entry of W counts
      at most 1e4 times the s of its row, where its gradient ends: beyond, float32
      cannot tell the covariance from a singular one. At W = 0 the gradient in W is 0
      by symmetry; random weights of the projection are never there.

    Source: Monteiro et al., "Stochastic Segmentation Networks: Modelling Spatially
      Correlated Aleatoric Uncertainty", NeurIPS 2020,
      https://arxiv.org/abs/2006.06015, which predicts loc, W and s of logits.

    >>> import jax
    >>> head = LowRankGaussian(event_shape=(4, 4), rank=2)
    >>> variables = head.init(jax.random.key(0), jnp.zeros((2, 8)))
    >>> x = jnp.zeros((2, 4, 4))
    >>> head.apply(variables, jnp.zeros((2, 8)), x, method="log_prob").shape
    (2,)
    """

    rank: int = 5

    marginalizes = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rank < 1:
            raise InputError(
                f"rank must be at least 1, got {self.rank}; rank 0 is Gaussian"
            )

    @property
    def num_params(self) -> int:
        """loc, s and a row of W."""
        return 2 + self.rank

    @property
    def attribution_shape(self) -> tuple[int, ...]:
        """(): the event is scored as a whole."""
        return ()

    def from_raw(self, raw: Array) -> Reshaped:
        """Normal distribution of the whole event."""
        batch = raw.shape[: raw.ndim - len(self.event_shape) - 1]
        raw = raw.reshape(*batch, math.prod(self.event_shape), self.num_params)
        scale = positive(raw[..., 1], self.min_scale)
        loadings = jnp.clip(raw[..., 2:] / scale[..., None], -_MOST, _MOST)
        vectors = LowRankNormal(raw[..., 0], scale, loadings)
        return Reshaped(vectors, self.event_shape)

    def score(
        self, elements: Reshaped, x: Array, mask: Array | None, *, train: bool
    ) -> Array:
        """Log-density of the whole event, or of its observed cells."""
        del train
        if mask is None:
            return elements.log_prob(x)
        return elements.marginal_log_prob(x, mask)
