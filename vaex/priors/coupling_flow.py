"""Prior that is a coupling flow of a standard Gaussian."""

import itertools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
from jax import Array

from vaex.errors import InputError
from vaex.nn.dense_stack import check_sizes
from vaex.priors._coupling_normal import CouplingNormal
from vaex.priors.base import Prior


class CouplingFlow(Prior):
    """p(z): affine couplings of u ~ N(0, I), density and samples in one pass each.

      log p(z) = log N(u; 0, I) - sum_t log |det df_t/du|,  u = f^-1(z)

    Each f_t keeps the dimensions of one parity and scales and shifts the others by
    what a network makes of the kept ones. Starts as N(0, I).

    Attributes:
      latent_dim: L, at least 2.
      num_steps: T.
      hidden: widths of each network's tanh layers.

    Numerics: log-scales lie in (-2, 2), 2 tanh(raw / 2), so that no step loses the
      precision of float32.

    Source: Dinh, Sohl-Dickstein, Bengio, "Density estimation using Real NVP", ICLR
      2017, https://arxiv.org/abs/1605.08803 (there images, batch normalisation and
      learned bounds of the log-scales; here none of them); as a prior: Chen et al.,
      "Variational Lossy Autoencoder", ICLR 2017, https://arxiv.org/abs/1611.02731.

    >>> import jax, jax.numpy as jnp
    >>> prior = CouplingFlow(latent_dim=2, hidden=(8,))
    >>> p = prior.apply(prior.init(jax.random.key(0), None), None)
    >>> round(float(p.log_prob(jnp.zeros(2))), 4)
    -1.8379
    """

    num_steps: int = 4
    hidden: tuple[int, ...] = (64,)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent_dim < 2:
            raise InputError(
                "latent_dim must be at least 2 for a coupling, which splits z, got "
                f"{self.latent_dim}; use GaussianMixture for one dimension"
            )
        if self.num_steps < 2:
            raise InputError(
                "num_steps must be at least 2, for every dimension to be changed, got "
                f"{self.num_steps}"
            )
        check_sizes("hidden", self.hidden)

    @classmethod
    def example(cls, latent_dim: int) -> "CouplingFlow":
        """One that is smooth enough for tests to integrate at any weights."""
        return cls(latent_dim, num_steps=2, hidden=(3,))

    @nn.compact
    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> CouplingNormal:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        sizes = (self.latent_dim, *self.hidden, 2 * self.latent_dim)
        zeros, steps = nn.initializers.zeros, []
        for t in range(self.num_steps):
            layers = []
            for i, shape in enumerate(itertools.pairwise(sizes)):
                last = i == len(self.hidden)
                start = zeros if last else nn.initializers.lecun_normal()
                kernel = self.param(f"kernel_{t}_{i}", start, shape)
                bias = self.param(f"bias_{t}_{i}", zeros, shape[1:])
                layers.append((kernel, bias))
            steps.append(tuple(layers))
        return CouplingNormal(tuple(steps))
