"""Bounds on log p(x) from importance weights, and how many samples they are worth.

S posterior samples, B batch.
"""

import chex
import jax.numpy as jnp
from jax import Array

from vaex.numerics import log_mean_exp


def importance_weighted_bound(log_weights: Array) -> Array:
    """Importance-weighted bound L_S = log (1/S) sum_s w_s, of IWAE.

    Its expectation rises with S to log p(x); for S = 1 it is the sampled ELBO.

    Args:
      log_weights: [S, B] nats, log p(x|z_s) + log p(z_s) - log q(z_s|x).

    Returns:
      [B] nats, in expectation a lower bound on log p(x).

    Raises:
      AssertionError: if `log_weights` is not of rank 2.

    Numerics: reduced with logsumexp, so that weights may differ by any factor. An
      example whose weights are all 0 (-inf) has the bound -inf, not NaN; its
      gradient is NaN.

    Source: Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders",
      ICLR 2016, https://arxiv.org/abs/1509.00519, the bound L_k.

    >>> importance_weighted_bound(jnp.zeros((4, 2))).tolist()
    [0.0, 0.0]
    """
    chex.assert_rank(log_weights, 2)
    return log_mean_exp(log_weights, axis=0)


def effective_sample_size(log_weights: Array) -> Array:
    """Effective sample size, (sum_s w_s)^2 / sum_s w_s^2.

    S where all weights are equal, 1 where one of them outweighs the others.

    Args:
      log_weights: [S, B] nats, up to a constant per example.

    Returns:
      [B] samples, between 1 and S; 0 where all weights are 0 (-inf).

    Raises:
      AssertionError: if `log_weights` is not of rank 2.

    Source: Kong, Liu, Wong, "Sequential imputations and Bayesian missing data
      problems", JASA 89, 1994: S / (1 + squared coefficient of variation of w).

    >>> effective_sample_size(jnp.array([[0.0, 0.0], [0.0, -100.0]])).tolist()
    [2.0, 1.0]
    """
    chex.assert_rank(log_weights, 2)
    largest = log_weights.max(axis=0)
    weights = jnp.exp(log_weights - jnp.where(jnp.isneginf(largest), 0.0, largest))
    squares = jnp.square(weights).sum(axis=0)
    size = jnp.square(weights.sum(axis=0)) / jnp.where(squares > 0.0, squares, 1.0)
    return jnp.where(squares > 0.0, size, 0.0)
