"""Posterior by radial flows of a diagonal Gaussian."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array

from vaex.numerics import positive
from vaex.posteriors._flow_posterior import FlowPosterior
from vaex.posteriors._forward_flow import ForwardFlow

_TINY = 1e-12


class RadialNormal(ForwardFlow):
    """Normal vectors after radial steps.

    `steps` are centres [..., T, L], alpha > 0 and beta + alpha > 0, [..., T] each.
    """

    def forward(self, z: Array) -> tuple[Array, Array]:
        """Z [..., L] through all steps, and the log-determinants' sum [...]."""
        centers, alpha, excess = self._steps
        total = jnp.zeros(())
        for t in range(alpha.shape[-1]):
            z, log_det = _radial(z, centers[..., t, :], alpha[..., t], excess[..., t])
            total = total + log_det
        return z, total


def _radial(
    z: Array, center: Array, alpha: Array, excess: Array
) -> tuple[Array, Array]:
    away = z - center
    # At the centre itself a square root has no slope.
    r = jnp.sqrt(jnp.square(away).sum(-1) + _TINY)
    # 1 + beta h(r) and 1 + beta h(r) + beta h'(r) r, with beta = excess - alpha, as
    # quotients in which nothing cancels.
    across = (r + excess) / (r + alpha)
    outwards = (r * (r + 2.0 * alpha) + alpha * excess) / jnp.square(r + alpha)
    log_det = (z.shape[-1] - 1) * jnp.log(across) + jnp.log(outwards)
    return center + across[..., None] * away, log_det


class RadialFlow(FlowPosterior):
    """q(z|x): z_0 ~ N(loc, scale^2), z_t = z + beta h(r) (z - c), r = |z - c|.

    With h(r) = 1 / (alpha + r) and c, alpha, beta those of step t,

      log |det| = (L - 1) log(1 + beta h) + log(1 + beta h + beta h'(r) r).

    Every number of it, 2 L + T (L + 2), comes from the features. A step is invertible
    where beta >= -alpha: alpha = min_scale + softplus(raw), and
    beta = -alpha + softplus(raw) + min_scale alpha.

    Attributes:
      latent_dim: L.
      min_scale: lower bound of scale, of alpha, and of how much a step shrinks
        distances at its centre; the paper's beta has none, and its log-determinant
        could reach -inf in float32.
      num_steps: T.

    A radial flow is used one way: samples come with their log-density, and
    estimators that need log q(z|x) at other z are refused.

    Source: Rezende, Mohamed, "Variational Inference with Normalizing Flows", ICML
      2015, https://arxiv.org/abs/1505.05770; invertibility in its appendix.

    >>> posterior = RadialFlow(latent_dim=3)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> z, log_prob = q.sample_and_log_prob(seed=jax.random.key(1), sample_shape=(5,))
    >>> z.shape, log_prob.shape
    ((5, 2, 3), (5, 2))
    """

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Loc and scale, and centre, alpha and beta of each step."""
        return (2 * self.latent_dim + self.num_steps * (self.latent_dim + 2),)

    def from_raw(self, raw: Array, settings: Mapping[str, Array]) -> RadialNormal:
        """Normal vectors after the steps."""
        del settings
        size = self.latent_dim
        loc, raw_scale, rest = jnp.split(raw, [size, 2 * size], axis=-1)
        rest = rest.reshape(*raw.shape[:-1], self.num_steps, size + 2)
        alpha = positive(rest[..., size], self.min_scale)
        excess = jax.nn.softplus(rest[..., size + 1]) + self.min_scale * alpha
        steps = (rest[..., :size], alpha, excess)
        return RadialNormal(loc, positive(raw_scale, self.min_scale), steps)
