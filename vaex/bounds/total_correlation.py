"""Densities of the aggregate posterior from a batch, and what the rate is made of.

S posterior samples, B batch, L latent, N examples of the data set.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.errors import InputError


def weighted_sampling(batch_size: int, num_examples: int) -> np.ndarray:
    """Log weights of minibatch-weighted sampling, all -log(N B).

    q(z) is estimated as (1 / (N B)) sum_j q(z|x_j): too small by log B nats where no
    example but its own explains z, hence by exactly log N where B = N.

    Args:
      batch_size: B.
      num_examples: N.

    Returns:
      [B, B] nats; row i is of z_i, column j of x_j.

    Source: Chen, Li, Grosse, Duvenaud, "Isolating Sources of Disentanglement in
      Variational Autoencoders", NeurIPS 2018, https://arxiv.org/abs/1802.04942.

    >>> np.exp(weighted_sampling(1, 4)).round(3).tolist()
    [[0.25]]
    """
    _check(batch_size, num_examples)
    return np.full((batch_size, batch_size), -np.log(num_examples * batch_size))


def stratified_sampling(batch_size: int, num_examples: int) -> np.ndarray:
    """Log weights of minibatch-stratified sampling: 1/N for itself, the rest even.

    An unbiased estimate of q(z): z_i comes from x_i, which has the weight 1/N that it
    has in q(z), and the B - 1 others stand for the other N - 1 examples, each with
    (N - 1) / (N (B - 1)). Exact where B = N.

    Args:
      batch_size: B, at least 2 unless N is 1.
      num_examples: N.

    Returns:
      [B, B] nats; rows sum to 1 in probability.

    Source: Chen et al. 2018, as `weighted_sampling`. There one of the others has a
      larger weight; these are the average over which one it is: the same mean, a
      smaller variance, and no dependence on the order of the batch.

    >>> np.exp(stratified_sampling(2, 4)).round(3).tolist()
    [[0.25, 0.75], [0.75, 0.25]]
    """
    _check(batch_size, num_examples)
    if batch_size == 1 < num_examples:
        raise InputError(
            "stratified sampling needs at least 2 examples in a batch, got 1; raise "
            "trainer.batch_size"
        )
    own = -np.log(num_examples)
    others = own + np.log(max(num_examples - 1, 1) / max(batch_size - 1, 1))
    return np.where(np.eye(batch_size, dtype=bool), own, others)


def _check(batch_size: int, num_examples: int) -> None:
    if num_examples < batch_size:
        raise InputError(
            f"num_examples must be at least the batch's {batch_size} examples, got "
            f"{num_examples}"
        )


class RateParts(NamedTuple):
    """What log q(z|x) - log p(z) is made of, each [S, B] nats; they sum to it.

    Attributes:
      index_code: log q(z|x) - log q(z), in the mean the mutual information.
      total_correlation: log q(z) - sum_l log q(z_l).
      dimensions: sum_l log q(z_l) - log p(z), in the mean the KL by dimension.
    """

    index_code: Array
    total_correlation: Array
    dimensions: Array


def decompose(
    log_qz_x: Array, log_pz: Array, log_pairs: Array, log_weights: np.ndarray
) -> RateParts:
    """The three parts of the rate, for single samples.

    Args:
      log_qz_x: [S, B] log q(z_i|x_i).
      log_pz: [S, B] log p(z_i).
      log_pairs: [S, B, B, L] log q(z_il|x_j), z by rows i.
      log_weights: [B, B] of `weighted_sampling` or `stratified_sampling`.

    Returns:
      Three [S, B] in nats.

    Source: Chen et al. 2018, as `weighted_sampling`.

    >>> import jax.numpy as jnp
    >>> parts = decompose(
    ...     jnp.full((1, 1), 2.0), jnp.zeros((1, 1)), jnp.ones((1, 1, 1, 2)),
    ...     weighted_sampling(1, 1),
    ... )
    >>> [float(part[0, 0]) for part in parts]
    [0.0, 0.0, 2.0]
    """
    weights = jnp.asarray(log_weights, log_pairs.dtype)
    log_qz = jax.nn.logsumexp(log_pairs.sum(-1) + weights, axis=2)
    each = jax.nn.logsumexp(log_pairs + weights[..., None], axis=2)
    log_product = each.sum(-1)
    return RateParts(log_qz_x - log_qz, log_qz - log_product, log_product - log_pz)
