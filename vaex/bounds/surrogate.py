"""A scalar whose value is a bound and whose gradient is an estimator's.

S posterior samples, B batch.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from vaex.bounds.estimators import Coefficients
from vaex.errors import InputError
from vaex.types import Terms


def surrogate_loss(
    bound: Array,
    terms: Terms,
    coefficients: Coefficients,
    is_whole: bool = False,
    average: Callable[[Array], Array] = jnp.mean,
) -> Array:
    """Minus the bound in value, minus the estimator in gradient.

    The gradient is that of -mean_b sum_s (a (log_px_z + log_pz) + b path + c log_qz_x).
    That sum itself is no bound (with the weights w_s it lies above L_S by log S less
    their entropy) and is never reported.

    Args:
      bound: [B] nats.
      terms: of a split computation (`Model.terms(split=True)`); of any where
        `is_whole`.
      coefficients: a, b, c, each [S, B], without gradient.
      is_whole: a = b = -c, as those of `reparameterised` are: then a times the total
        derivative of log w is the estimator, and terms need not be split.
      average: [B] to the mean over examples, by their weights where they have some.

    Returns:
      Scalar, nats per example.

    Raises:
      InputError: if the terms were not split or lack a density.

    Source: the roles of the three parts: Tucker, Lawson, Gu, Maddison, "Doubly
      Reparameterized Gradient Estimators for Monte Carlo Objectives", ICLR 2019,
      https://arxiv.org/abs/1810.04152.

    >>> one = jnp.ones((1, 1))
    >>> terms = Terms(-3 * one, -one, -one, None, None, {"path": 0 * one})
    >>> float(surrogate_loss(jnp.array([-3.0]), terms, (one, one, -one)))
    3.0
    """
    path = terms.aux.get("path", 0.0 if is_whole else None)
    log_px_z, log_pz, log_qz_x = terms.log_px_z, terms.log_pz, terms.log_qz_x
    if path is None or log_px_z is None or log_pz is None or log_qz_x is None:
        raise InputError("a gradient estimator needs split terms with every density")
    a, b, c = coefficients
    parts = a * (log_px_z + log_pz) + b * path + c * log_qz_x
    slope = -average(parts.sum(0))
    value = jax.lax.stop_gradient(average(bound))
    return slope - jax.lax.stop_gradient(slope) - value
