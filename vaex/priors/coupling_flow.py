"""Prior that is a coupling flow of a standard Gaussian."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
from jax import Array

from vaex.nn.flow_network import step_layers
from vaex.priors._coupling_normal import CouplingNormal
from vaex.priors._flow_prior import FlowPrior


class CouplingFlow(FlowPrior):
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

    fewest_steps = 2

    @nn.compact
    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> CouplingNormal:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        return CouplingNormal(tuple(map(self._network, range(self.num_steps))))

    def _network(self, step: int) -> tuple[tuple[Array, Array], ...]:
        return step_layers(self, step, self.hidden, self.latent_dim)
