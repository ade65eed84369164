"""Beta-TCVAE: the parts of the rate weighed apart."""

from collections.abc import Callable
from typing import Any

import distrax
import numpy as np
from jax import Array

from vaex.bounds.total_correlation import decompose, stratified_sampling
from vaex.errors import InputError
from vaex.objectives._checks import check_count, needed_rate, part_name
from vaex.objectives._latent import latent_array
from vaex.objectives.ledger import distortion, ledger_of
from vaex.objectives.weighting import refuse_weights
from vaex.types import Batch, Metrics, Model, NonNegative


def beta_tcvae(
    model: Model,
    batch: Batch,
    *,
    train: bool,
    num_examples: int,
    alpha: NonNegative = 1.0,
    beta: NonNegative = 6.0,
    gamma: NonNegative = 1.0,
    sampling: Callable[[int, int], np.ndarray] = stratified_sampling,
    num_samples: int = 1,
) -> tuple[Array, Metrics]:
    """Minimises distortion + alpha MI + beta TC + gamma KL by dimension.

    Mutual information of x and z, total correlation of the aggregate posterior q(z),
    and its KL from the prior by dimension sum to the rate: at alpha = beta = gamma = 1
    this is minus the sampled ELBO, whatever the sampling.

    Args:
      model: a bound model whose posterior factorises over latent dimensions.
      batch: B examples, without `weight`.
      train: whether this is a training step.
      num_examples: N of the training split; filled in from the data.
      alpha: weight of the mutual information, traced.
      beta: weight of the total correlation, traced.
      gamma: weight of the KL by dimension, traced.
      sampling: of `vaex.bounds.total_correlation`.
      num_samples: S, posterior samples per example.

    Returns:
      Loss in nats per example, and the ledger with the three parts.

    Raises:
      InputError: if the posterior or prior has no density, q does not factorise, or
        examples have weights: the aggregate posterior's estimate stands on their
        number N, and which weights it stands for in N is not known.

    Numerics: memory grows as S B^2 L.

    Source: Chen, Li, Grosse, Duvenaud, "Isolating Sources of Disentanglement in
      Variational Autoencoders", NeurIPS 2018, https://arxiv.org/abs/1802.04942. On the
      sampling see `vaex.bounds.total_correlation.stratified_sampling`, the default
      because it is unbiased (the paper's experiments use the weighted one).
    """
    check_count("num_samples", num_samples)
    refuse_weights(batch, "beta_tcvae", "its q(z) is estimated by num_examples")
    q = model.encode(batch, train=train)
    terms = model.terms(batch, num_samples=num_samples, train=train, posterior=q)
    needed_rate(model, terms, "beta_tcvae")
    assert terms.log_qz_x is not None
    assert terms.log_pz is not None
    z = latent_array(model, terms, "beta_tcvae")
    if not isinstance(q, distrax.Independent):
        raise InputError(
            "beta_tcvae needs a posterior that factorises over latent dimensions, "
            f"which the {part_name(model, 'posterior')} does not; use "
            "posterior=diagonal_gaussian"
        )
    pairs: Any = q.distribution.log_prob(z[:, :, None])
    weights = sampling(pairs.shape[1], num_examples)
    parts = decompose(terms.log_qz_x, terms.log_pz, pairs, weights)
    mean = {name: part.mean() for name, part in parts._asdict().items()}
    penalty = (
        alpha * mean["index_code"]
        + beta * mean["total_correlation"]
        + gamma * mean["dimensions"]
    )
    metrics = {
        **ledger_of(terms, batch),
        "mutual_information": mean["index_code"],
        "total_correlation": mean["total_correlation"],
        "dimension_kl": mean["dimensions"],
    }
    return distortion(terms).mean() + penalty, metrics
