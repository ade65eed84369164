"""Von Mises-Fisher distribution of unit vectors."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.distributions._bessel_ratio import gap_of_mean, log_scaled_bessel
from vaex.distributions._gamma_draws import log_gamma_draws
from vaex.distributions._sphere import SphereDistribution, log_surface

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


def _draw(key: Array, k: Array, size: int) -> Array:
    """Angles from mu, by rejection from Wood's envelope.

    In g = 1 - cosine, of which float32 loses nothing at large k: the envelope has
    logit(g / 2) = log b + the logit of a Beta((L - 1) / 2, (L - 1) / 2) draw.
    """
    n = size - 1.0
    b = n / (2.0 * k + jnp.sqrt(4.0 * k * k + n * n))
    least = 2.0 * b / (1.0 + b)
    half = jnp.full_like(k, 0.5 * n)

    def body(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        key, done, angle = state
        key, *keys = jax.random.split(key, 4)
        logit = log_gamma_draws(keys[0], half) - log_gamma_draws(keys[1], half)
        logit = logit + jnp.log(b)
        g = 2.0 * jax.nn.sigmoid(logit)
        ratio = (1.0 + (1.0 - least) * g / least) / (2.0 - least)
        excess = k * (least - g) + n * jnp.log(ratio)
        u = jax.random.uniform(keys[2], k.shape, k.dtype)
        drawn = 2.0 * jnp.arctan(jnp.exp(0.5 * logit))
        return key, done | (jnp.log(u) <= excess), jnp.where(done, angle, drawn)

    start = key, jnp.zeros(k.shape, bool), jnp.zeros_like(k)
    return jax.lax.while_loop(lambda state: ~state[1].all(), body, start)[2]


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _following(angle: Array, k: Array, size: int) -> Array:
    """The angle, with the slope in k of a draw at a fixed probability."""
    del k, size
    return angle


@_following.defjvp
def _move(size: int, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    """D angle / dk = -(dF/dk) / p, an integral over the angles of one side.

    Of (cos t - A) exp(k (cos t - cos angle)) (sin t / sin angle)^(L - 2): over the
    side on which the first factor has one sign, so that nothing cancels.
    """
    (angle, k), (_, change) = primals, tangents
    gap = gap_of_mean(k, size)
    inner = 2.0 * jnp.square(jnp.sin(0.5 * angle)) < gap
    # Beyond 9 / sqrt(k) the exponential has left nothing.
    outer = jnp.minimum(math.pi - angle, 9.0 / jnp.sqrt(jnp.maximum(k, 1e-3)))
    low = jnp.where(inner, 0.0, angle)
    width = jnp.where(inner, angle, outer)
    t = low[..., None] + width[..., None] * (0.5 + 0.5 * _NODES).astype(angle.dtype)
    at, above = angle[..., None], gap[..., None] - 2.0 * jnp.square(jnp.sin(0.5 * t))
    fall = -2.0 * k[..., None] * jnp.sin(0.5 * (t + at)) * jnp.sin(0.5 * (t - at))
    sines = jnp.log(jnp.abs(jnp.sin(t))) - jnp.log(jnp.abs(jnp.sin(at)))
    inside = above * jnp.exp(fall + (size - 2.0) * sines)
    area = 0.5 * width * (inside * _WEIGHTS.astype(angle.dtype)).sum(-1)
    slope = jnp.where(inner, -area, area)
    return angle, jnp.where(angle > 0.0, slope, 0.0) * change


class VonMisesFisher(SphereDistribution):
    """p(x) = C exp(k mu.x), for unit vectors x of L numbers.

    With C = k^v / ((2 pi)^(L/2) I_v(k)), v = L/2 - 1. k = 0 is uniform.

    Args:
      loc: [..., L] whose direction is mu, of any length; L at least 2.
      concentration: [...] k >= 0.

    Numerics: by |x - mu|^2, which keeps what mu.x rounds off near 1; the Bessel
      function by recurrence from a higher order, within 1e-6 of 1 + |log C|. Draws are
      reparameterised in mu and k: the angle from mu is found by rejection, in a loop
      until all are accepted (two of three proposals are or more), through which no
      gradient goes, and its slope in k is the implicit one, by quadrature. That is
      exact; following the accepted proposal alone would leave a term out.

    Source: Davidson, Falorsi, De Cao, Kipf, Tomczak, "Hyperspherical Variational
      Auto-Encoders", UAI 2018, https://arxiv.org/abs/1804.00891; envelope: Wood,
      "Simulation of the von Mises Fisher distribution", Communications in Statistics
      23(1), 1994; implicit slopes: Figurnov, Mohamed, Mnih, "Implicit
      Reparameterization Gradients", NeurIPS 2018, https://arxiv.org/abs/1805.08498.

    >>> p = VonMisesFisher(jnp.array([0.0, 0.0, 2.0]), 1e4)
    >>> round(float(p.log_prob(jnp.array([0.0, 0.0, 1.0]))), 4)
    7.3725
    """

    def cosines(self, key: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Draws of t = mu.x and of sqrt(1 - t^2), of a shape."""
        size = self._loc.shape[-1]
        k = jnp.broadcast_to(self._concentration, shape)
        angle = _draw(key, jax.lax.stop_gradient(k), size)
        angle = _following(jax.lax.stop_gradient(angle), k, size)
        return jnp.cos(angle), jnp.sin(angle)

    def _log_peak(self) -> Array:
        """Log-density at mu."""
        size = self._loc.shape[-1]
        scaled = log_scaled_bessel(self._concentration, size)
        return -scaled - 0.5 * size * math.log(2.0 * math.pi)

    def log_density(self, gap: Array, rest: Array) -> Array:
        """Log-density in nats at |x - mu|^2 and |x + mu|^2, whose sum is 4."""
        del rest
        return self._log_peak() - 0.5 * self._concentration * gap

    def mean_cosine(self) -> Array:
        """[...] E[mu.x], I_{v+1}(k) / I_v(k)."""
        return 1.0 - gap_of_mean(self._concentration, self._loc.shape[-1])

    def entropy(self) -> Array:
        """[...] nats."""
        gap = gap_of_mean(self._concentration, self._loc.shape[-1])
        return self._concentration * gap - self._log_peak()

    def kl_to_uniform(self) -> Array:
        """[...] nats, KL to the uniform distribution on the sphere."""
        return log_surface(self._loc.shape[-1]) - self.entropy()
