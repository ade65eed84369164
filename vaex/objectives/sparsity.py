"""Sparse autoencoders: codes of which few units are on."""

import math

import jax
import jax.numpy as jnp
from jax import Array

from vaex.objectives._checks import check_count
from vaex.objectives._latent import latent_array
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.weighting import example_mean, example_shares
from vaex.types import Batch, Fraction, Metrics, Model, NonNegative


def sparse_autoencoder(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    weight: NonNegative = 1e-3,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + weight sum_l |z_l|.

    Needs no density of the posterior: it is meant for a deterministic one. A decoder
    whose weights grow can undo any penalty on the size of z; hold them with weight
    decay (optimizer=adamw) or decoder.spectral_norm=true.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      weight: of the L1 norm of z, traced.
      num_samples: S, posterior samples per example.

    Returns:
      Loss per example in the distortion's unit, and the ledger with `sparsity`, the
      mean L1 norm.

    Numerics: the slope of |z_l| is taken as 0 at z_l = 0.

    Source: L1 as a sparse prior of codes: Olshausen, Field, "Emergence of simple-cell
      receptive field properties by learning a sparse code for natural images", Nature
      381, 1996, https://doi.org/10.1038/381607a0 (|x| among its choices), here with
      an encoder in place of inference by descent.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    z = latent_array(model, terms, "sparse_autoencoder")
    norm = example_mean(jnp.abs(z).sum(-1), batch)
    loss = example_mean(distortion(terms), batch) + weight * norm
    return loss, {**ledger_of(terms, batch), "sparsity": norm}


def kl_sparse_autoencoder(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    weight: NonNegative = 1.0,
    activity: Fraction = 0.05,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + weight sum_l KL(activity || mean of sigmoid(z_l)).

    The divergence is of two Bernoulli variables; the mean is over the batch (and
    samples), so that a unit is on for a share `activity` of the examples.

    Args:
      model: a bound model.
      batch: B examples; their `weight`, if any, counts in all means.
      train: whether this is a training step.
      weight: of the divergence, traced.
      activity: rho, the share of examples that a unit is meant to be on for, traced.
      num_samples: S, posterior samples per example.

    Returns:
      Loss per example in the distortion's unit, and the ledger with `sparsity`, the
      divergence in nats.

    Numerics: logarithms of mean activations are taken of z, not of sigmoid(z), so
      that units which are off or on throughout keep a slope.

    Source: Ng, "Sparse autoencoder", CS294A lecture notes, Stanford, 2011,
      https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf. There the decoder
      sees the activation; here it sees z, as under every objective.
    """
    check_count("num_samples", num_samples)
    terms = model.terms(batch, num_samples=num_samples, train=train)
    z = latent_array(model, terms, "kl_sparse_autoencoder")
    shares = example_shares(batch, z.shape[1])
    if shares is not None:
        shares = jnp.tile(shares, len(z)) / len(z)
    divergence = activity_divergence(z.reshape(-1, z.shape[-1]), activity, shares)
    loss = example_mean(distortion(terms), batch) + weight * divergence
    return loss, {**ledger_of(terms, batch), "sparsity": divergence}


def activity_divergence(
    logits: Array, activity: float | Array, shares: Array | None = None
) -> Array:
    """Sum over units of KL(Bernoulli(activity) || Bernoulli(mean sigmoid(logits))).

    Args:
      logits: [N, L].
      activity: rho, at least 0 and below 1.
      shares: [N] of rows in the mean, their sum 1, or all 0: then it is 0; None: even.

    Returns:
      Scalar, nats.

    >>> round(float(activity_divergence(jnp.zeros((3, 2)), 0.25)), 4)
    0.2616
    """

    def log_mean(values: Array) -> Array:
        if shares is None:
            return jax.nn.logsumexp(values, axis=0) - math.log(values.shape[0])
        # Even ones stand in where all are 0, for a finite slope.
        return jax.nn.logsumexp(
            values, axis=0, b=jnp.where(is_any, shares, 1.0)[:, None]
        )

    is_any = True if shares is None else (shares > 0).any()
    log_on = log_mean(jax.nn.log_sigmoid(logits))
    log_off = log_mean(jax.nn.log_sigmoid(-logits))
    rho = jnp.asarray(activity)
    entropy = -jax.scipy.special.xlogy(rho, rho) - jax.scipy.special.xlog1py(
        1.0 - rho, -rho
    )
    divergence = -(rho * log_on + (1.0 - rho) * log_off + entropy).sum()
    return divergence if shares is None else jnp.where(is_any, divergence, 0.0)
