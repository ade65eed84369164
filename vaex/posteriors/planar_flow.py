"""Posterior by planar flows of a diagonal Gaussian."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax import Array

from vaex.numerics import positive
from vaex.posteriors._flow_posterior import FlowPosterior
from vaex.posteriors._forward_flow import ForwardFlow

_TINY = 1e-12


class PlanarNormal(ForwardFlow):
    """Normal vectors after planar steps.

    `steps` are u [..., T, L], w [..., T, L], b [..., T] and the lower bound [] of a
    step's stretch along w.
    """

    def forward(self, z: Array) -> tuple[Array, Array]:
        """Z [..., L] through all steps, and the log-determinants' sum [...]."""
        u, w, b, floor = self._steps
        total = jnp.zeros(())
        for t in range(b.shape[-1]):
            z, log_det = _planar(z, u[..., t, :], w[..., t, :], b[..., t], floor)
            total = total + log_det
        return z, total


def _planar(
    z: Array, u: Array, w: Array, b: Array, floor: Array
) -> tuple[Array, Array]:
    length = jnp.square(w).sum(-1)
    along = (w * u).sum(-1)
    # Without a direction, w = 0, the step is a shift whatever u is.
    some = length > _TINY
    least = jnp.where(some, -1.0 + floor + jax.nn.softplus(along), along)
    share = (least - along) / jnp.where(some, length, 1.0)
    h = jnp.tanh((w * z).sum(-1) + b)
    z = z + (u + share[..., None] * w) * h[..., None]
    # 1 + (1 - h^2) w.u, as a sum of numbers that are not negative.
    stretch = jnp.square(h) + (1.0 - jnp.square(h)) * (1.0 + least)
    return z, jnp.log(stretch)


class PlanarFlow(FlowPosterior):
    """q(z|x): z_0 ~ N(loc, scale^2), z_t = z_{t-1} + u_t tanh(w_t.z_{t-1} + b_t).

      log q(z_T|x) = log q(z_0|x) - sum_t log |1 + (1 - tanh^2) u_t.w_t|

    Every number of it, (2 + 2 T) L + T, comes from the features. A step is invertible
    where u.w > -1: u is replaced by u + (m - u.w) w / |w|^2, with
    m = -1 + min_scale + softplus(u.w), whose product with w is m.

    Attributes:
      latent_dim: L.
      min_scale: lower bound of scale, and of how much a step shrinks z along w; the
        paper's m has none, and its log-determinant could reach -inf in float32.
      num_steps: T.

    A planar flow has no inverse in closed form: samples come with their log-density,
    and estimators that need log q(z|x) at other z are refused.

    Source: Rezende, Mohamed, "Variational Inference with Normalizing Flows", ICML
      2015, https://arxiv.org/abs/1505.05770; invertibility in its appendix.

    >>> import jax
    >>> posterior = PlanarFlow(latent_dim=3)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> z, log_prob = q.sample_and_log_prob(seed=jax.random.key(1), sample_shape=(5,))
    >>> z.shape, log_prob.shape
    ((5, 2, 3), (5, 2))
    """

    @property
    def raw_shape(self) -> tuple[int, ...]:
        """Loc and scale, and u, w and b of each step."""
        return (2 * self.latent_dim + self.num_steps * (2 * self.latent_dim + 1),)

    def from_raw(self, raw: Array, settings: Mapping[str, Array]) -> PlanarNormal:
        """Normal vectors after the steps."""
        del settings
        size = self.latent_dim
        loc, raw_scale, rest = jnp.split(raw, [size, 2 * size], axis=-1)
        rest = rest.reshape(*raw.shape[:-1], self.num_steps, 2 * size + 1)
        u, w, b = jnp.split(rest, [size, 2 * size], axis=-1)
        steps = (u, w, b[..., 0], jnp.full((), self.min_scale, raw.dtype))
        return PlanarNormal(loc, positive(raw_scale, self.min_scale), steps)
