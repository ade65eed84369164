"""Power spherical distribution of unit vectors."""

import math

import jax
import jax.numpy as jnp
from jax import Array

from vaex.distributions._binet import binet
from vaex.distributions._gamma_draws import log_gamma_draws
from vaex.distributions._sphere import SphereDistribution, log_surface


def _slope(function, x: Array) -> Array:
    return jax.jvp(function, (x,), (jnp.ones_like(x),))[1]


class PowerSpherical(SphereDistribution):
    """p(x) = (1 + mu.x)^k / N, for unit vectors x of L numbers.

    With b = (L - 1) / 2 and a = b + k, N = 2^(a + b) pi^b Gamma(a) / Gamma(a + b), and
    (1 + mu.x) / 2 is Beta(a, b): draws are reparameterised in mu and k with no
    rejection. k = 0 is uniform.

    Args:
      loc: [..., L] whose direction is mu, of any length; L at least 2.
      concentration: [...] k >= 0.

    Numerics: by |x - mu|^2, which keeps what mu.x rounds off near 1, and by Binet's
      function in place of ratios of gamma functions: an error of about 1e-6 of
      1 + |log p| up to k = 1e5 at an x whose |x - mu| is known to that accuracy. The
      density falls to 0 at -mu, where the log-density is -inf.

    Source: De Cao, Aziz, "The Power Spherical distribution", ICML 2020 workshop
      INNF+, https://arxiv.org/abs/2006.04437. The reflection of draws is about
      whichever end of the first axis is farther from mu, so that it never divides by
      0.

    >>> p = PowerSpherical(jnp.array([0.0, 2.0]), 0.0)
    >>> round(float(p.log_prob(jnp.array([1.0, 0.0]))), 4)
    -1.8379
    """

    def _beta_parameters(self) -> tuple[Array, float]:
        b = 0.5 * (self._loc.shape[-1] - 1)
        return self._concentration + b, b

    def cosines(self, key: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Draws of t = mu.x and of sqrt(1 - t^2), of a shape."""
        a, b = self._beta_parameters()
        first, second = jax.random.split(key)
        a = jnp.broadcast_to(a, shape)
        logit = log_gamma_draws(first, a) - log_gamma_draws(second, jnp.full_like(a, b))
        half = 0.5 * (jax.nn.log_sigmoid(logit) + jax.nn.log_sigmoid(-logit))
        return jnp.tanh(0.5 * logit), 2.0 * jnp.exp(half)

    def _log_peak(self) -> Array:
        """Log-density at mu: k log 2 - log N."""
        a, b = self._beta_parameters()
        # log Gamma(a + b) - log Gamma(a)
        ratio = b * jnp.log(a + b) + (a - 0.5) * jnp.log1p(b / a) - b
        ratio = ratio + binet(a + b) - binet(a)
        return ratio - b * math.log(4.0 * math.pi)

    def log_density(self, gap: Array, rest: Array) -> Array:
        """Log-density in nats at |x - mu|^2 and |x + mu|^2, whose sum is 4."""
        near = gap < 2.0
        close = jnp.log1p(-0.25 * jnp.where(near, gap, 0.0))
        far = jnp.log(0.25 * jnp.where(near, 4.0, rest))
        k = self._concentration
        # k = 0 is uniform at -mu too.
        fall = jnp.where(k > 0.0, k * jnp.where(near, close, far), 0.0)
        return fall + self._log_peak()

    def _mean_fall(self) -> Array:
        """E[log (1 + mu.x) / 2], the difference of digammas at a and a + b."""
        a, b = self._beta_parameters()
        difference = jnp.log1p(b / a) + 0.5 * b / (a * (a + b))
        return -(difference + _slope(binet, a + b) - _slope(binet, a))

    def mean_cosine(self) -> Array:
        """[...] E[mu.x], (a - b) / (a + b)."""
        a, b = self._beta_parameters()
        return self._concentration / (a + b)

    def entropy(self) -> Array:
        """[...] nats."""
        return -self._log_peak() - self._concentration * self._mean_fall()

    def kl_to_uniform(self) -> Array:
        """[...] nats, KL to the uniform distribution on the sphere."""
        return log_surface(self._loc.shape[-1]) - self.entropy()
