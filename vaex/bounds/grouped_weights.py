"""Importance-weighted bounds of groups of samples, and mixtures with the ELBO.

S = M K posterior samples, B batch. Each bound has a function of the log weights that
gives its value, and one that gives the coefficients (`vaex.bounds.estimators`) of its
gradient for any estimator of the plain bound L_K. Sample s belongs to group s // K.
"""

import chex
from jax import Array

from vaex.bounds.estimators import Coefficients, Estimator
from vaex.bounds.importance_weighted import importance_weighted_bound
from vaex.errors import InputError


def _groups(log_weights: Array, num_groups: int) -> Array:
    """[M K, B] -> [K, M B]."""
    chex.assert_rank(log_weights, 2)
    total, batch = log_weights.shape
    if num_groups < 1 or total % num_groups:
        raise InputError(f"{total} samples cannot be cut into {num_groups} groups")
    grouped = log_weights.reshape(num_groups, total // num_groups, batch)
    return grouped.swapaxes(0, 1).reshape(total // num_groups, num_groups * batch)


def multiply_weighted_bound(log_weights: Array, num_groups: int) -> Array:
    """Mean of M importance-weighted bounds of K samples each (MIWAE).

    M = 1 is L_S; K = 1, one sample in each group, is the sampled ELBO.

    Args:
      log_weights: [M K, B] nats.
      num_groups: M.

    Returns:
      [B] nats, in expectation L_K.

    Raises:
      InputError: if M does not divide the number of samples.

    Source: Rainforth, Kosiorek, Le, Maddison, Igl, Wood, Teh, "Tighter Variational
      Bounds are Not Necessarily Better", ICML 2018, https://arxiv.org/abs/1802.04537.

    >>> import jax.numpy as jnp
    >>> multiply_weighted_bound(jnp.array([[1.0], [3.0]]), 2).tolist()
    [2.0]
    """
    bounds = importance_weighted_bound(_groups(log_weights, num_groups))
    return bounds.reshape(num_groups, log_weights.shape[1]).mean(0)


def multiply_weighted(
    log_weights: Array, estimator: Estimator, num_groups: int
) -> Coefficients:
    """Coefficients of the mean of M bounds: the estimator's in each group, over M.

    Args:
      log_weights: [M K, B] nats.
      estimator: of L_K.
      num_groups: M.

    Returns:
      a, b, c, each [M K, B].

    Source: Rainforth et al., as `multiply_weighted_bound`.

    >>> import jax.numpy as jnp
    >>> from vaex.bounds.estimators import reparameterised
    >>> a, _, _ = multiply_weighted(jnp.zeros((4, 1)), reparameterised, 2)
    >>> a[:, 0].tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    total, batch = log_weights.shape
    coefficients = estimator(_groups(log_weights, num_groups))

    def ungrouped(values: Array) -> Array:
        values = values.reshape(total // num_groups, num_groups, batch)
        return values.swapaxes(0, 1).reshape(total, batch) / num_groups

    a, b, c = (ungrouped(values) for values in coefficients)
    return a, b, c


def partially_weighted(
    log_weights: Array, estimator: Estimator, num_groups: int
) -> Coefficients:
    """(w_MK, b_K, c_K): two targets, L_MK for p and the mean of M L_K for q (PIWAE).

    With the reparameterised estimator (w_MK, w_K / M, -w_K / M).

    Args:
      log_weights: [M K, B] nats.
      estimator: of L_K, and of L_MK for its a.
      num_groups: M.

    Returns:
      a, b, c, each [M K, B].

    Source: Rainforth et al., as `multiply_weighted_bound`.

    >>> import jax.numpy as jnp
    >>> from vaex.bounds.estimators import reparameterised
    >>> log_weights = jnp.array([[0.0], [-200.0]])
    >>> a, b, _ = partially_weighted(log_weights, reparameterised, 2)
    >>> a[:, 0].tolist(), b[:, 0].tolist()
    ([1.0, 0.0], [0.5, 0.5])
    """
    a, _, _ = estimator(log_weights)
    _, b, c = multiply_weighted(log_weights, estimator, num_groups)
    return a, b, c


def combined_bound(log_weights: Array, elbo_share: float | Array) -> Array:
    """The mixture beta times the sampled ELBO plus (1 - beta) L_S (CIWAE).

    Args:
      log_weights: [S, B] nats.
      elbo_share: beta in [0, 1].

    Returns:
      [B] nats, in expectation between the ELBO and L_S.

    Source: Rainforth et al., as `multiply_weighted_bound`.

    >>> import jax.numpy as jnp
    >>> combined_bound(jnp.array([[2.0]]), 0.3).tolist()
    [2.0]
    """
    bound = importance_weighted_bound(log_weights)
    return elbo_share * log_weights.mean(0) + (1.0 - elbo_share) * bound


def combined(
    log_weights: Array, estimator: Estimator, elbo_share: float | Array
) -> Coefficients:
    """The same mixture of the estimator's coefficients for S = 1 and for S.

    Args:
      log_weights: [S, B] nats.
      estimator: of L_1 and L_S.
      elbo_share: beta in [0, 1].

    Returns:
      a, b, c, each [S, B].

    Source: Rainforth et al., as `multiply_weighted_bound`.

    >>> import jax.numpy as jnp
    >>> from vaex.bounds.estimators import doubly_reparameterised
    >>> _, b, _ = combined(jnp.zeros((2, 1)), doubly_reparameterised, 0.5)
    >>> b[:, 0].tolist()
    [0.375, 0.375]
    """
    alone = multiply_weighted(log_weights, estimator, log_weights.shape[0])
    whole = estimator(log_weights)
    a, b, c = (
        elbo_share * one + (1.0 - elbo_share) * all_
        for one, all_ in zip(alone, whole, strict=True)
    )
    return a, b, c
