"""Posterior by inverse autoregressive flows of a diagonal Gaussian."""

from collections.abc import Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions.autoregressive_network import AutoregressiveNetwork
from vaex.errors import InputError
from vaex.nn.dense_stack import check_sizes
from vaex.nn.flow_network import step_layers
from vaex.numerics import positive
from vaex.posteriors._flow_posterior import FlowPosterior
from vaex.posteriors._forward_flow import ForwardFlow

_OPEN = 2.0


class InverseAutoregressiveNormal(ForwardFlow):
    """Normal vectors after inverse autoregressive steps.

    `steps` are a context [..., C] and the network of each step.
    """

    def forward(self, z: Array) -> tuple[Array, Array]:
        """Z [..., L] through all steps, and the log-determinants' sum [...]."""
        context, networks = self._steps
        total = jnp.zeros(())
        for step, network in enumerate(networks):
            # The order of dimensions is reversed between steps.
            z = z[..., ::-1] if step else z
            m, s = network(z, context)
            gate = jax.nn.sigmoid(s + _OPEN)
            z = gate * z + (1.0 - gate) * m
            total = total + jax.nn.log_sigmoid(s + _OPEN).sum(-1)
        return z, total


class InverseAutoregressiveFlow(FlowPosterior):
    """q(z|x): z_0 ~ N(loc, scale^2), z_t = g_t z_{t-1} + (1 - g_t) m_t.

      log q(z_T|x) = log q(z_0|x) - sum_t sum_l log g_tl

    The gates g_t = sigmoid(s_t + 2) and m_t come from a masked network of z_{t-1} and
    of a context, a part of the raw numbers: the l-th of them see the dimensions before
    l alone, so that the Jacobian is triangular. Dimensions are reversed between steps.
    The networks' weights are shared by all x; at the start m = s = 0.

    Attributes:
      latent_dim: L.
      min_scale: lower bound of scale.
      num_steps: T.
      hidden: widths of each network's hidden layers, elu.
      context_dim: C.

    Sampling is one pass, the inverse would be L: samples come with their log-density,
    and estimators that need log q(z|x) at other z are refused.

    Source: Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling, "Improving
      Variational Inference with Inverse Autoregressive Flow", NeurIPS 2016,
      https://arxiv.org/abs/1606.04934: its numerically stable form with gates that
      start open.

    >>> posterior = InverseAutoregressiveFlow(latent_dim=3, hidden=(8,))
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> z, log_prob = q.sample_and_log_prob(seed=jax.random.key(1), sample_shape=(5,))
    >>> z.shape, log_prob.shape
    ((5, 2, 3), (5, 2))
    """

    num_steps: int = 4
    hidden: tuple[int, ...] = (128,)
    context_dim: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes("hidden", self.hidden)
        if not self.hidden:
            raise InputError("hidden must hold at least one width, got ()")
        if self.context_dim < 1:
            raise InputError(f"context_dim must be at least 1, got {self.context_dim}")

    @classmethod
    def example(cls, latent_dim: int) -> "InverseAutoregressiveFlow":
        """One whose density stays smooth at the weights that tests choose."""
        return cls(latent_dim, num_steps=2, hidden=(3,), context_dim=2)

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Loc and scale, and the context."""
        return (2 * self.latent_dim + self.context_dim,)

    def from_raw(
        self, raw: Array, settings: Mapping[str, Array]
    ) -> InverseAutoregressiveNormal:
        """Normal vectors after the steps."""
        del settings
        size = self.latent_dim
        loc, raw_scale, context = jnp.split(raw, [size, 2 * size], axis=-1)
        networks = tuple(self._network(t) for t in range(self.num_steps))
        scale = positive(raw_scale, self.min_scale)
        return InverseAutoregressiveNormal(loc, scale, (context, networks))

    def _network(self, step: int) -> AutoregressiveNetwork:
        layers = step_layers(self, step, self.hidden, self.latent_dim)
        some, shape = nn.initializers.lecun_normal(), (self.context_dim, self.hidden[0])
        context_kernel = self.param(f"context_kernel_{step}", some, shape)
        return AutoregressiveNetwork.of(layers, context_kernel)
