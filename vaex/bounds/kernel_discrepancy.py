"""Maximum mean discrepancy of two samples, by kernels.

N and M draws, L latent.
"""

from collections.abc import Callable

import chex
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError

Kernel = Callable[[Array, Array], Array]
"""x [N, L] and y [M, L] to k(x_i, y_j) [N, M]."""

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Of the inverse multiquadrics that are summed, as in Tolstikhin et al. 2018's code."""


def _squared_distances(x: Array, y: Array) -> Array:
    return jnp.square(x[:, None] - y[None]).sum(-1)


def gaussian_kernel(x: Array, y: Array) -> Array:
    """The kernel exp(-|x - y|^2 / (2 L)), a bandwidth of sqrt(L).

    Two draws of a standard Gaussian are at the squared distance 2 L in the mean.

    Args:
      x: [N, L].
      y: [M, L].

    Returns:
      [N, M], from 0 to 1.

    Source: Gretton, Borgwardt, Rasch, Schoelkopf, Smola, "A Kernel Two-Sample Test",
      JMLR 13, 2012, https://jmlr.org/papers/v13/gretton12a.html (the bandwidth is
      chosen here, for a standard Gaussian prior).

    >>> gaussian_kernel(jnp.zeros((1, 2)), jnp.zeros((3, 2))).tolist()
    [[1.0, 1.0, 1.0]]
    """
    return jnp.exp(-_squared_distances(x, y) / (2.0 * x.shape[-1]))


def inverse_multiquadric_kernel(x: Array, y: Array) -> Array:
    """The kernel sum_s C_s / (C_s + |x - y|^2), C_s = 2 L s for s in `SCALES`.

    Args:
      x: [N, L].
      y: [M, L].

    Returns:
      [N, M], from 0 to the number of scales. Its tails are heavier than a Gaussian's,
      so that far outliers still have a slope.

    Source: Tolstikhin, Bousquet, Gelly, Schoelkopf, "Wasserstein Auto-Encoders",
      ICLR 2018, https://arxiv.org/abs/1711.01558, C = 2 L sigma^2 with sigma = 1.

    >>> inverse_multiquadric_kernel(jnp.zeros((1, 2)), jnp.zeros((1, 2))).tolist()
    [[7.0]]
    """
    distances = _squared_distances(x, y)[..., None]
    widths = 2.0 * x.shape[-1] * jnp.array(SCALES, distances.dtype)
    return (widths / (widths + distances)).sum(-1)


def squared_discrepancy(
    x: Array, y: Array, kernel: Kernel, shares: Array | None = None
) -> Array:
    """MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y), as a U-statistic.

    Pairs of a draw with itself are left out, so that it is unbiased, 0 in the mean
    where both samples have one distribution, and may be negative.

    Args:
      x: [N, L], N at least 2.
      y: [M, L], M at least 2.
      kernel: of this file, or alike.
      shares: [N] of the draws x in the means, their sum 1 (or all 0, then the means
        are 0); None: even. A pair has the product of both, so that the statistic
        stays unbiased for the distribution so weighted.

    Returns:
      Scalar.

    Raises:
      InputError: for fewer than 2 draws.

    Source: Gretton et al. 2012, as `gaussian_kernel`, the unbiased statistic MMD_u^2.

    >>> x = jnp.array([[0.0], [1.0]])
    >>> round(float(squared_discrepancy(x, x, gaussian_kernel)), 4)
    -0.3935
    """
    chex.assert_rank([x, y], 2)

    def within(draws: Array, shares: Array | None = None) -> Array:
        count = draws.shape[0]
        if count < 2:
            raise InputError(
                "the kernel discrepancy needs at least 2 draws, got "
                f"{count}; raise trainer.batch_size"
            )
        pairs = jnp.where(jnp.eye(count, dtype=bool), 0.0, kernel(draws, draws))
        if shares is None:
            return pairs.sum() / (count * (count - 1))
        both = jnp.where(jnp.eye(count, dtype=bool), 0.0, shares[:, None] * shares)
        total = both.sum()
        return (both * pairs).sum() / jnp.where(total > 0, total, 1.0)

    both = within(x, shares) + within(y)
    across = kernel(x, y)
    mean = across.mean() if shares is None else shares @ across.mean(1)
    return both - 2.0 * mean
