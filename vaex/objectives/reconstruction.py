"""Autoencoders without a rate: the distortion, and what may be added to it."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.objectives._checks import check_count
from vaex.objectives._latent import latent_array
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.weighting import example_mean
from vaex.types import Batch, Metrics, Model, NonNegative, Terms


def autoencoder(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    latent_norm: NonNegative = 0.0,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + latent_norm |z|^2 / 2.

    Needs no density of the posterior: it is meant for a deterministic one. A Gaussian
    shrinks to its smallest scale, as nothing pays for information.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      latent_norm: weight of the squared norm of z, traced; 0 for none.
      num_samples: S, posterior samples per example.

    Returns:
      Loss per example in the distortion's unit, and the ledger.

    Source: Ghosh, Sajjadi, Vergari, Black, Schoelkopf, "From Variational to
      Deterministic Autoencoders", ICLR 2020, https://arxiv.org/abs/1903.12436: with
      weight decay of the decoder (optimizer=adamw) this is RAE-L2, with
      decoder.spectral_norm=true RAE-SN.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    loss = _loss(model, batch, terms, latent_norm, "autoencoder")
    return loss, ledger_of(terms, batch)


def gradient_penalized_autoencoder(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    latent_norm: NonNegative = 1e-2,
    penalty: NonNegative = 1e-2,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + latent_norm |z|^2 / 2 + penalty |d mean(x|z) / dz|^2.

    The squared Frobenius norm of the Jacobian is estimated without bias by that of
    v' J for one v ~ N(0, I) per example (Hutchinson): one more pass of the decoder.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      latent_norm: weight of the squared norm of z, traced.
      penalty: weight of the decoder's squared slope, traced.
      num_samples: S, posterior samples per example.

    Returns:
      Loss per example in the distortion's unit, and the ledger with `slope`.

    Raises:
      InputError: if the head has no mean.

    Source: Ghosh et al. 2020, as `autoencoder`, RAE-GP. The decoder is taken in
      evaluation mode for the penalty.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    z = latent_array(model, terms, "gradient_penalized_autoencoder")
    slope = example_mean(_squared_slope(model, z, batch), batch)
    name = "gradient_penalized_autoencoder"
    loss = _loss(model, batch, terms, latent_norm, name)
    return loss + penalty * slope, {**ledger_of(terms, batch), "slope": slope}


def _loss(
    model: Model, batch: Batch, terms: Terms, latent_norm: float | Array, name: str
) -> Array:
    norm = example_mean(jnp.square(latent_array(model, terms, name)).sum(-1), batch)
    return example_mean(distortion(terms), batch) + latent_norm * 0.5 * norm


def _squared_slope(model: Any, z: Array, batch: Batch) -> Array:
    """[S, B] unbiased estimates of |d mean(x|z) / dz|^2."""
    free, variables = model.unbind()

    def mean(z: Array) -> Array:
        p = free.apply(variables, z, batch.get("condition"), method="decode")
        try:
            return p.mean()
        except NotImplementedError as error:
            raise InputError(
                "gradient_penalized_autoencoder needs the likelihood's mean, which "
                f"{type(p).__name__} does not give"
            ) from error

    value, pull = jax.vjp(mean, z)
    key = model.make_rng("objective")
    (slope,) = pull(jax.random.normal(key, value.shape, value.dtype))
    return jnp.square(slope).sum(-1)
