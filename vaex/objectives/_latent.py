"""Samples of z as an array, and of the prior beside them."""

import jax
import jax.numpy as jnp
from jax import Array

from vaex.bounds.kernel_discrepancy import Kernel, squared_discrepancy
from vaex.errors import InputError
from vaex.objectives.weighting import example_shares
from vaex.types import Batch, Model, Terms


def latent_array(model: Model, terms: Terms, name: str) -> Array:
    """Z [S, B, L]; InputError where it is something else, naming the objective."""
    if not (isinstance(terms.z, jax.Array) and terms.z.ndim == 3):
        raise InputError(
            f"{name} needs latent variables that are one vector, which those of "
            f"{type(model).__name__} are not; use model=vae, or an objective of "
            "densities alone, such as objective=elbo, free_bits or iwae"
        )
    return terms.z


def prior_draws(model: Model, batch: Batch, z: Array) -> Array:
    """[S, B, L] draws of p(z), from the objective's own random stream."""
    prior = model.prior_distribution(batch.get("condition"))
    key = model.make_rng("objective")
    return prior.sample(seed=key, sample_shape=z.shape[:2])


def discrepancy_from_prior(
    model: Model, batch: Batch, z: Array, kernel: Kernel
) -> Array:
    """MMD^2 of one sample of z for each example from as many of p(z), mean over S."""
    draws = prior_draws(model, batch, z)
    shares = example_shares(batch, z.shape[1])
    each = [squared_discrepancy(z[s], draws[s], kernel, shares) for s in range(len(z))]
    return jnp.stack(each).mean()
