"""Von Mises-Fisher posterior on the unit sphere."""

from jax import Array

from vaex.distributions import von_mises_fisher
from vaex.posteriors._sphere import SpherePosterior


class VonMisesFisher(SpherePosterior):
    """q(z|x) proportional to exp(k mu.z), for unit vectors z of L numbers.

    L + 1 raw numbers: mu, their first L over their length, and the concentration
    k = min_scale + softplus(raw). For a prior on the sphere; its KL to UniformSphere
    has a closed form. Samples are found by rejection, with exact gradients in mu and
    k; PowerSpherical is alike and draws faster.

    Attributes:
      latent_dim: L, numbers of the vector: the sphere has L - 1 dimensions.
      min_scale: lower bound of the concentration.

    Source: Davidson, Falorsi, De Cao, Kipf, Tomczak, "Hyperspherical Variational
      Auto-Encoders", UAI 2018, https://arxiv.org/abs/1804.00891.

    >>> import jax, jax.numpy as jnp
    >>> posterior = VonMisesFisher(latent_dim=3)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> q = posterior.apply(variables, features)
    >>> q.event_shape, q.batch_shape
    ((3,), (2,))
    """

    def about(
        self, loc: Array, concentration: Array
    ) -> von_mises_fisher.VonMisesFisher:
        """Distribution about the direction of loc [..., L]."""
        return von_mises_fisher.VonMisesFisher(loc, concentration)
