"""Prior that is a masked autoregressive flow of a standard Gaussian."""

import itertools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.distributions.autoregressive_network import AutoregressiveNetwork
from vaex.errors import InputError
from vaex.nn.dense_stack import check_sizes
from vaex.priors._autoregressive_normal import AutoregressiveNormal
from vaex.priors.base import Prior


class MaskedAutoregressiveFlow(Prior):
    """p(z): T steps from z back to u ~ N(0, I), each autoregressive and affine.

      u_i = (z_i - m_i) exp(-s_i),  log p(z) = log N(u; 0, I) - sum_t sum_i s_ti

    Of each step, m_i and s_i come from a masked network of the dimensions before i,
    so that the Jacobian is triangular; "before" counts from the first and the last
    dimension in turn. Starts as N(0, I).

    The density is one pass, a sample L passes a step, one dimension after the other:
    the other way round than an inverse autoregressive posterior, and what training
    asks of a prior. One step with m and s of z_{<i} makes each conditional p(z_i|z_<i)
    a Gaussian; several make it more than that.

    Attributes:
      latent_dim: L, at least 2.
      num_steps: T.
      hidden: widths of each network's layers, elu; the first at least L, lest a
        dimension be seen by none.

    Numerics: log-scales lie in (-2, 2), 2 tanh(raw / 2), so that no step loses the
      precision of float32; the paper has no bound, and batch normalisation between
      steps, of which there is none here.

    Source: Papamakarios, Pavlakou, Murray, "Masked Autoregressive Flow for Density
      Estimation", NeurIPS 2017, https://arxiv.org/abs/1705.07057.

    >>> import jax
    >>> prior = MaskedAutoregressiveFlow(latent_dim=2, hidden=(8,))
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
                "latent_dim must be at least 2, for a dimension to see another, got "
                f"{self.latent_dim}; use GaussianMixture for one dimension"
            )
        if self.num_steps < 1:
            raise InputError(f"num_steps must be at least 1, got {self.num_steps}")
        check_sizes("hidden", self.hidden)
        if not self.hidden or min(self.hidden) < self.latent_dim:
            raise InputError(
                f"hidden must hold widths of at least latent_dim={self.latent_dim}, "
                f"lest some dimensions be seen by none, got {self.hidden}"
            )

    @classmethod
    def example(cls, latent_dim: int) -> "MaskedAutoregressiveFlow":
        """One that is smooth enough for tests to integrate at any weights."""
        return cls(latent_dim, num_steps=2, hidden=(3,))

    @nn.compact
    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> AutoregressiveNormal:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        return AutoregressiveNormal(tuple(map(self._network, range(self.num_steps))))

    def _network(self, step: int) -> AutoregressiveNetwork:
        sizes = (self.latent_dim, *self.hidden, 2 * self.latent_dim)
        some, none = nn.initializers.lecun_normal(), nn.initializers.zeros
        kernels, biases = [], []
        for i, shape in enumerate(itertools.pairwise(sizes)):
            start = none if i == len(self.hidden) else some
            kernels.append(self.param(f"kernel_{step}_{i}", start, shape))
            biases.append(self.param(f"bias_{step}_{i}", none, shape[1:]))
        no_context = jnp.zeros((0, self.hidden[0]))
        return AutoregressiveNetwork(tuple(kernels), tuple(biases), no_context)
