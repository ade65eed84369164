"""Power spherical posterior on the unit sphere."""

from jax import Array

from vaex.distributions import power_spherical
from vaex.posteriors._sphere import SpherePosterior


class PowerSpherical(SpherePosterior):
    """q(z|x) proportional to (1 + mu.z)^k, for unit vectors z of L numbers.

    L + 1 raw numbers: mu, their first L over their length, and the concentration
    k = min_scale + softplus(raw). For a prior on the sphere; its KL to UniformSphere
    has a closed form. Samples are reparameterised with no rejection.

    Attributes:
      latent_dim: L, numbers of the vector: the sphere has L - 1 dimensions.
      min_scale: lower bound of the concentration.

    Source: De Cao, Aziz, "The Power Spherical distribution", ICML 2020 workshop
      INNF+, https://arxiv.org/abs/2006.04437.

    >>> import jax, jax.numpy as jnp
    >>> posterior = PowerSpherical(latent_dim=3)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> q.event_shape, q.batch_shape
    ((3,), (2,))
    """

    def about(self, loc: Array, concentration: Array) -> power_spherical.PowerSpherical:
        """Distribution about the direction of loc [..., L]."""
        return power_spherical.PowerSpherical(loc, concentration)
