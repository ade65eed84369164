"""Prior that is a masked autoregressive flow of a standard Gaussian."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from vaex.distributions.autoregressive_network import AutoregressiveNetwork
from vaex.errors import InputError
from vaex.nn.flow_network import step_layers
from vaex.priors._autoregressive_normal import AutoregressiveNormal
from vaex.priors._flow_prior import FlowPrior


class MaskedAutoregressiveFlow(FlowPrior):
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

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.hidden or min(self.hidden) < self.latent_dim:
            raise InputError(
                f"hidden must hold widths of at least latent_dim={self.latent_dim}, "
                f"lest some dimensions be seen by none, got {self.hidden}"
            )

    @nn.compact
    def __call__(
        self, encode: Callable[[Array], Any] | None, condition: Array | None = None
    ) -> AutoregressiveNormal:
        """The prior, with event shape (L,) and batch shape ()."""
        del encode, condition
        return AutoregressiveNormal(tuple(map(self._network, range(self.num_steps))))

    def _network(self, step: int) -> AutoregressiveNetwork:
        layers = step_layers(self, step, self.hidden, self.latent_dim)
        no_context = jnp.zeros((0, self.hidden[0]))
        return AutoregressiveNetwork.of(layers, no_context)
