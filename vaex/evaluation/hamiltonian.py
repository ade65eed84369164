"""Hamiltonian Monte Carlo: one transition that leaves a density as it is.

C chains, D numbers each.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array


def hamiltonian_step(
    log_density: Callable[[Array], Array],
    key: Array,
    z: Array,
    step_size: Array,
    scale: Array,
    num_leapfrog: int,
) -> tuple[Array, Array]:
    """Moves every chain by leapfrog steps along its own momentum, or leaves it.

    The momentum is drawn anew; the end of the path is accepted with probability
    min(1, exp(-gain of energy)). The transition is its own reversal.

    Args:
      log_density: z [C, D] -> [C] nats, up to a constant, differentiable.
      key: of the momenta and the decisions.
      z: [C, D].
      step_size: [C] or a scalar above 0, that does not depend on z.
      scale: [D] above 0, unit of each coordinate: the mass is 1 / scale^2.
      num_leapfrog: steps of a path.

    Returns:
      z [C, D], and the probabilities [C] with which the ends were accepted.

    Numerics: an end whose density or gradient is not finite is not accepted.

    Source: Neal, "MCMC using Hamiltonian dynamics", Handbook of Markov Chain Monte
      Carlo, 2011, https://arxiv.org/abs/1206.1901.

    >>> normal = lambda z: -0.5 * (z**2).sum(-1)
    >>> start, one = jnp.zeros((4, 2)), jnp.ones(2)
    >>> z, accepted = hamiltonian_step(
    ...     normal, jax.random.key(0), start, jnp.float32(0.1), one, 5)
    >>> z.shape, bool((accepted > 0.95).all())
    ((4, 2), True)
    """
    momentum_key, decision_key = jax.random.split(key)
    momentum = jax.random.normal(momentum_key, z.shape, z.dtype)
    size = jnp.broadcast_to(step_size, z.shape[:1])[:, None] * scale

    def slope(z: Array) -> tuple[Array, Array]:
        value, backward = jax.vjp(log_density, z)
        return value, backward(jnp.ones_like(value))[0]

    def leap(_: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        z, momentum, _, gradient = state
        momentum = momentum + 0.5 * size * gradient
        z = z + size * momentum
        value, gradient = slope(z)
        return z, momentum + 0.5 * size * gradient, value, gradient

    value, gradient = slope(z)
    start = (z, momentum, value, gradient)
    end = jax.lax.fori_loop(0, num_leapfrog, leap, start)
    log_ratio = end[2] - value - 0.5 * (end[1] ** 2 - momentum**2).sum(-1)
    accepted = jnp.where(jnp.isnan(log_ratio), 0.0, jnp.exp(jnp.minimum(log_ratio, 0)))
    moves = jax.random.uniform(decision_key, accepted.shape) < accepted
    return jnp.where(moves[:, None], end[0], z), accepted
