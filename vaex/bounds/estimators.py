"""Gradient estimators of the importance-weighted bound, as three coefficients.

S posterior samples, B batch. With the densities taken at stop_gradient(z), and
path = <stop_gradient(d log w / dz), z - stop_gradient(z)> of value 0, every
estimator is the gradient of

    loss = -mean_b sum_s (a (log_px_z + log_pz) + b path + c log_qz_x)

for coefficients a, b, c that depend on the weights and carry no gradient: a for the
generative parameters, b for the samples, c for the posterior's own score. Below,
w_s is the normalised weight softmax_s(log_w). An example whose weights are all 0
(-inf) has NaN coefficients.
"""

from collections.abc import Callable

import chex
import jax
import jax.numpy as jnp
from jax import Array

from vaex.errors import InputError

Coefficients = tuple[Array, Array, Array]
"""a, b, c, each [S, B], dimensionless and without gradient."""

Estimator = Callable[[Array], Coefficients]
"""log_weights [S, B] to coefficients of the gradient of the bound L_S."""


def _normalized(log_weights: Array) -> Array:
    chex.assert_rank(log_weights, 2)
    return jax.nn.softmax(jax.lax.stop_gradient(log_weights), axis=0)


def reparameterised(log_weights: Array) -> Coefficients:
    """(w, w, -w): the bound's own gradient, as IWAE takes it.

    For S = 1 the total derivative of the ELBO. The signal-to-noise ratio of the
    posterior's part falls as 1/sqrt(S).

    Args:
      log_weights: [S, B] nats.

    Returns:
      a, b, c, each [S, B].

    Source: Burda, Grosse, Salakhutdinov, "Importance Weighted Autoencoders",
      ICLR 2016, https://arxiv.org/abs/1509.00519: the gradient of L_k.

    >>> [float(k[0, 0]) for k in reparameterised(jnp.zeros((2, 1)))]
    [0.5, 0.5, -0.5]
    """
    w = _normalized(log_weights)
    return w, w, -w


def sticking_the_landing(log_weights: Array) -> Coefficients:
    """(w, w, 0): the posterior's score left out.

    Unbiased for S = 1, where that score has mean 0, and of variance 0 at the exact
    posterior; for S > 1 the posterior's gradient is biased.

    Args:
      log_weights: [S, B] nats.

    Returns:
      a, b, c, each [S, B].

    Source: Roeder, Wu, Duvenaud, "Sticking the Landing", NeurIPS 2017,
      https://arxiv.org/abs/1703.09194; its bias for S > 1: Tucker et al. 2019, below.

    >>> [float(k[0, 0]) for k in sticking_the_landing(jnp.zeros((2, 1)))]
    [0.5, 0.5, 0.0]
    """
    w = _normalized(log_weights)
    return w, w, jnp.zeros_like(w)


def doubly_reparameterised(log_weights: Array) -> Coefficients:
    """(w, w^2, 0): unbiased for every S, the score reparameterised once more.

    Valid where the posterior's parameters do not enter p(x, z).

    Args:
      log_weights: [S, B] nats.

    Returns:
      a, b, c, each [S, B].

    Source: Tucker, Lawson, Gu, Maddison, "Doubly Reparameterized Gradient Estimators
      for Monte Carlo Objectives", ICLR 2019, https://arxiv.org/abs/1810.04152,
      the IWAE-DReG estimator.

    >>> [float(k[0, 0]) for k in doubly_reparameterised(jnp.zeros((2, 1)))]
    [0.5, 0.25, 0.0]
    """
    w = _normalized(log_weights)
    return w, jnp.square(w), jnp.zeros_like(w)


def reweighted(log_weights: Array) -> Coefficients:
    """(w, 0, w): reweighted wake-sleep, with the wake-phase update of the posterior.

    The posterior maximises E_p(z|x) log q(z|x), estimated with the weights: no
    gradient passes through z, which may be discrete. Biased by O(1/S).

    Args:
      log_weights: [S, B] nats.

    Returns:
      a, b, c, each [S, B].

    Source: Bornschein, Bengio, "Reweighted Wake-Sleep", ICLR 2015,
      https://arxiv.org/abs/1406.2751, the wake-phase Q update.

    >>> [float(k[0, 0]) for k in reweighted(jnp.zeros((2, 1)))]
    [0.5, 0.0, 0.5]
    """
    w = _normalized(log_weights)
    return w, jnp.zeros_like(w), w


def vimco(log_weights: Array) -> Coefficients:
    """(w, 0, signal - w): score function with leave-one-out baselines, unbiased.

    The signal of sample s is L_S minus what L_S would be with log w_s replaced by the
    mean of the other log weights. No gradient passes through z, which may be discrete.

    Args:
      log_weights: [S, B] nats, S at least 2.

    Returns:
      a, b, c, each [S, B].

    Raises:
      InputError: for S = 1, where there is no other sample to make a baseline of.

    Source: Mnih, Rezende, "Variational Inference for Monte Carlo Objectives", ICML
      2016, https://arxiv.org/abs/1602.06725, with the geometric mean.

    >>> [round(float(k[0, 0]), 4) for k in vimco(jnp.zeros((2, 1)))]
    [0.5, 0.0, -0.5]
    """
    w = _normalized(log_weights)
    count = log_weights.shape[0]
    if count < 2:
        raise InputError(
            "vimco needs at least 2 samples in every group that it weighs, to make a "
            f"baseline of the others, got {count}; raise num_samples, or choose iwae "
            "where the objective weighs single samples too"
        )
    log_w = jax.lax.stop_gradient(log_weights)
    others = (log_w.sum(0) - log_w) / (count - 1)
    is_own = jnp.eye(count, dtype=bool)[..., None]
    replaced = jnp.where(is_own, others[None], log_w[None])  # [s, S, B]
    baseline = jax.nn.logsumexp(replaced, axis=1)
    signal = jax.nn.logsumexp(log_w, axis=0) - baseline
    return w, jnp.zeros_like(w), signal - w
