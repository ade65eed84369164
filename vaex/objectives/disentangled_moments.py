"""DIP-VAE: the covariance of the aggregate posterior held to the identity."""

from typing import Any

import distrax
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError
from vaex.objectives._checks import check_count, check_examples, needed_rate, part_name
from vaex.objectives._latent import latent_array
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.weighting import example_mean, example_shares
from vaex.types import Batch, Metrics, Model, NonNegative, Terms


def dip_vae_i(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    off_diagonal: NonNegative = 10.0,
    diagonal: NonNegative = 100.0,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises minus the ELBO + a penalty on the covariance C of the posterior means.

    The penalty is off_diagonal sum_(i != j) C_ij^2 + diagonal sum_i (C_ii - 1)^2, with
    C over the batch.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      off_diagonal: weight of covariances, traced.
      diagonal: weight of variances that are not 1, traced.
      num_samples: S, posterior samples per example.

    Returns:
      Loss in nats per example, and the ledger with `moments`, the penalty.

    Raises:
      InputError: if a density or the posterior's mean does not exist.

    Source: Kumar, Sattigeri, Balakrishnan, "Variational Inference of Disentangled
      Latent Concepts from Unlabeled Observations", ICLR 2018,
      https://arxiv.org/abs/1711.00848, DIP-VAE-I. Moments over the batch are divided
      by B.
    """
    q, terms = _encoded(model, batch, train, num_samples, "dip_vae_i")
    covariance = _covariance(_mean(model, q, "dip_vae_i"), batch)
    penalty = _penalty(covariance, off_diagonal, diagonal)
    loss = _loss(model, batch, terms, "dip_vae_i") + penalty
    return loss, {**ledger_of(terms, batch), "moments": penalty}


def dip_vae_ii(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    off_diagonal: NonNegative = 10.0,
    diagonal: NonNegative = 10.0,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """As dip_vae_i with C the covariance of z: of the means, plus the mean variance.

    Args:
      model: a bound model whose posterior factorises over latent dimensions.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      off_diagonal: weight of covariances, traced.
      diagonal: weight of variances that are not 1, traced.
      num_samples: S, posterior samples per example.

    Returns:
      Loss in nats per example, and the ledger with `moments`, the penalty.

    Raises:
      InputError: if a density or moment does not exist, or q does not factorise.

    Source: Kumar et al. 2018, as `dip_vae_i`, DIP-VAE-II.
    """
    q, terms = _encoded(model, batch, train, num_samples, "dip_vae_ii")
    if not isinstance(q, distrax.Independent):
        raise InputError(
            "dip_vae_ii needs a posterior that factorises over latent dimensions, "
            f"which the {part_name(model, 'posterior')} does not; use "
            "posterior=diagonal_gaussian"
        )
    within = jnp.diag(example_mean(jnp.asarray(q.variance()), batch, axis=0))
    covariance = _covariance(_mean(model, q, "dip_vae_ii"), batch) + within
    penalty = _penalty(covariance, off_diagonal, diagonal)
    loss = _loss(model, batch, terms, "dip_vae_ii") + penalty
    return loss, {**ledger_of(terms, batch), "moments": penalty}


def _encoded(
    model: Model, batch: Batch, train: bool, num_samples: int, name: str
) -> tuple[Any, Terms]:
    check_count("num_samples", num_samples)
    check_examples(name, batch, "one alone has no covariance")
    q = model.encode(batch, train=train)
    terms = model.terms(batch, num_samples=num_samples, train=train, posterior=q)
    latent_array(model, terms, name)
    return q, terms


def _loss(model: Model, batch: Batch, terms: Terms, name: str) -> Array:
    each = distortion(terms) + needed_rate(model, terms, name)
    return example_mean(each, batch)


def _mean(model: Model, q: Any, name: str) -> Array:
    """[B, L]."""
    try:
        return q.mean()
    except (NotImplementedError, AttributeError) as error:
        raise InputError(
            f"{name} needs the posterior's mean, which the "
            f"{part_name(model, 'posterior')} does not give; use "
            "posterior=diagonal_gaussian"
        ) from error


def _covariance(values: Array, batch: Batch) -> Array:
    """[L, L] of [B, L], by weights where there are some."""
    centred = values - example_mean(values, batch, axis=0)
    shares = example_shares(batch, len(values))
    if shares is None:
        return centred.T @ centred / values.shape[0]
    return (shares[:, None] * centred).T @ centred


def _penalty(
    covariance: Array, off_diagonal: float | Array, diagonal: float | Array
) -> Array:
    own = jnp.diag(covariance)
    others = jnp.square(covariance - jnp.diag(own)).sum()
    return off_diagonal * others + diagonal * jnp.square(own - 1.0).sum()
