"""Deterministic posterior: the autoencoder."""

from jax import Array

from vaex.posteriors._point import Point
from vaex.posteriors.base import Posterior


class Deterministic(Posterior):
    """z = g(x): a code without noise, for autoencoders.

    There is no density log q(z|x), so no rate, no ELBO and no importance weights:
    objectives that need them say so, and results leave them out.

    Attributes:
      latent_dim: L.
      min_scale: of no effect, there is no scale.

    Source: Ghosh, Sajjadi, Vergari, Black, Scholkopf, "From Variational to
      Deterministic Autoencoders", ICLR 2020, https://arxiv.org/abs/1903.12436.

    >>> import jax, jax.numpy as jnp
    >>> posterior = Deterministic(latent_dim=3)
    >>> features = jnp.ones((2, 8))
    >>> variables = posterior.init(jax.random.key(0), features)
    >>> posterior.apply(variables, features).mean().shape
    (2, 3)
    """

    has_density = False
    has_inverse = False

    def distribution(self, loc: Array) -> Point:
        """The code."""
        return Point(loc)
