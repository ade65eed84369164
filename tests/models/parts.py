"""Parts as users write them, for tests of the model that joins them."""

from typing import Any

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp

from vaex.likelihoods.gaussian import Gaussian
from vaex.models.vae import VAE
from vaex.nn.mlp import MLPDecoder, MLPEncoder
from vaex.numerics import positive
from vaex.posteriors.base import Posterior
from vaex.posteriors.diagonal_gaussian import DiagonalGaussian
from vaex.priors.standard_gaussian import StandardGaussian

EVENT, LATENT = 4, 2


CALLS: list[bool] = []
"""`train` of every call of a NormalizedEncoder, as it is traced."""


class NormalizedEncoder(nn.Module):
    """Batch normalisation on the way in."""

    @nn.compact
    def __call__(self, x, condition=None, *, train=False):
        CALLS.append(train)
        x = nn.BatchNorm(use_running_average=not train, name="norm")(x)
        return nn.tanh(nn.Dense(3)(x))


class NormalizedDecoder(nn.Module):
    """Batch normalisation of what comes out, over samples and batch."""

    event_axes = 0

    @nn.compact
    def __call__(self, z, condition=None, *, train=False):
        x = nn.Dense(3, name="first")(z)
        return nn.BatchNorm(use_running_average=not train, name="norm")(x)


class DropoutDecoder(nn.Module):
    event_axes = 0

    @nn.compact
    def __call__(self, z, condition=None, *, train=False):
        return nn.Dropout(0.5, deterministic=not train)(nn.Dense(8)(z))


class Pseudo(nn.Module):
    """A mixture of posteriors of learned pseudo-inputs, as VampPrior is."""

    count: int = 3

    has_density = True
    is_factorized = False

    @nn.compact
    def __call__(self, encode, condition=None):
        x = self.param("inputs", nn.initializers.normal(1.0), (self.count, EVENT))
        logits = jnp.zeros(self.count)
        return distrax.MixtureSameFamily(distrax.Categorical(logits), encode(x))


class Point:
    """A sample without a density."""

    def __init__(self, loc: Any):
        self.loc = loc

    def sample(self, *, seed, sample_shape=()):
        del seed
        return jnp.broadcast_to(self.loc, (*sample_shape, *self.loc.shape))


jax.tree_util.register_pytree_node(
    Point, lambda point: ((point.loc,), None), lambda _, leaves: Point(*leaves)
)


class Deterministic(Posterior):
    has_density = False

    def distribution(self, loc):
        return Point(loc)


class Triangular(Posterior):
    """Correlated latent dimensions."""

    num_params = 3
    is_factorized = False

    def from_raw(self, raw, settings):
        eye = jnp.eye(self.latent_dim)
        scale = eye * positive(raw[..., 1:2], self.min_scale)
        lower = jnp.tril(jnp.ones_like(eye), -1) * raw[..., 2:3]
        return distrax.MultivariateNormalTri(raw[..., 0], scale + lower)


class ImplicitPrior(StandardGaussian):
    has_density = False


class LaplacePrior(nn.Module):
    has_density = True
    is_factorized = True

    def __call__(self, encode, condition=None):
        laplace = distrax.Laplace(jnp.zeros(LATENT), jnp.ones(LATENT))
        return distrax.Independent(laplace, 1)


def vae(**changes: Any) -> VAE:
    parts = {
        "encoder": MLPEncoder(hidden=(3,)),
        "posterior": DiagonalGaussian(LATENT),
        "prior": StandardGaussian(LATENT),
        "decoder": MLPDecoder(hidden=(3,)),
        "likelihood": Gaussian((EVENT,)),
    }
    return VAE(**(parts | changes))
