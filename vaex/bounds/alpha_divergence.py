"""Renyi bound of order alpha, and its estimators' coefficients.

S posterior samples, B batch.
"""

import chex
import jax
import jax.numpy as jnp
from jax import Array

from vaex.bounds.estimators import Coefficients, Estimator
from vaex.bounds.grouped_weights import multiply_weighted
from vaex.bounds.importance_weighted import importance_weighted_bound

NEAR_ONE = 1e-4
"""|1 - alpha| below which the Renyi bound is taken to be the ELBO, its limit."""


def renyi_bound(log_weights: Array, alpha: float | Array) -> Array:
    """Renyi bound, log((1/S) sum_s w_s^(1 - alpha)) / (1 - alpha).

    alpha = 0 is L_S, alpha = 1 (the limit) the sampled ELBO; it falls in alpha. For
    alpha below 0 it may lie above log p(x): towards -infinity it is max_s log w_s.

    Args:
      log_weights: [S, B] nats.
      alpha: order.

    Returns:
      [B] nats; in expectation a lower bound on log p(x) for alpha >= 0.

    Numerics: within 1e-4 of alpha = 1 the limit is taken; the error is
      (1 - alpha) / 2 times the variance of the log weights.

    Source: Li, Turner, "Renyi Divergence Variational Inference", NeurIPS 2016,
      https://arxiv.org/abs/1602.02311.

    >>> log_weights = jnp.log(jnp.array([[1.0], [4.0]]))
    >>> [round(float(jnp.exp(renyi_bound(log_weights, a))[0]), 3) for a in (0.0, 1.0)]
    [2.5, 2.0]
    """
    chex.assert_rank(log_weights, 2)
    power, is_limit = _power(alpha)
    bound = importance_weighted_bound(power * log_weights) / power
    return jnp.where(is_limit, log_weights.mean(0), bound)


def renyi(
    log_weights: Array, estimator: Estimator, alpha: float | Array
) -> Coefficients:
    """Coefficients alpha v (those for S = 1) + (1 - alpha) (those for weights v).

    v_s is the normalised w_s^(1 - alpha), which the gradient of the bound weighs
    sample s with. Its reparameterised gradient is (v, v, -v). The doubly
    reparameterised one, (v, alpha v + (1 - alpha) v^2, 0), follows from exchanging the
    score's term sum_s v_s d log q(z_s) for (1 - alpha) sum_s (v_s - v_s^2) path_s:
    unbiased for every alpha, by the argument of Tucker et al. 2019.

    Args:
      log_weights: [S, B] nats.
      estimator: of L_1 and L_S.
      alpha: order.

    Returns:
      a, b, c, each [S, B].

    Source: Li, Turner 2016, as `renyi_bound`; Tucker, Lawson, Gu, Maddison, "Doubly
      Reparameterized Gradient Estimators for Monte Carlo Objectives", ICLR 2019,
      https://arxiv.org/abs/1810.04152.

    >>> from vaex.bounds.estimators import doubly_reparameterised
    >>> _, b, _ = renyi(jnp.zeros((2, 1)), doubly_reparameterised, 0.5)
    >>> b[:, 0].tolist()
    [0.375, 0.375]
    """
    count = log_weights.shape[0]
    power, is_limit = _power(alpha)
    power = jnp.where(is_limit, 0.0, power)
    tempered = power * log_weights
    weights = jax.nn.softmax(jax.lax.stop_gradient(tempered), axis=0)
    alone = multiply_weighted(log_weights, estimator, count)
    whole = estimator(tempered)
    a, b, c = (
        (1.0 - power) * weights * count * one + power * all_
        for one, all_ in zip(alone, whole, strict=True)
    )
    return a, b, c


def _power(alpha: float | Array) -> tuple[Array, Array]:
    """1 - alpha, 1 where it is near 0; and whether it is."""
    power = 1.0 - jnp.asarray(alpha, jnp.float32)
    is_limit = jnp.abs(power) < NEAR_ONE
    return jnp.where(is_limit, 1.0, power), is_limit
