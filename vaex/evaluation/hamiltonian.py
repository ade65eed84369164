"""Hamiltonian Monte Carlo: one transition that leaves a density as it is.

C chains, D numbers each.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array


def hamiltonian_step(
    log_density: Callable[[Array], tuple[Array, Array]],
    key: Array,
    z: Array,
    step_size: Array,
    scale: Array,
    num_leapfrog: int,
    jitter: float = 0.2,
) -> tuple[Array, Array, Array]:
    """Moves every chain by leapfrog steps along its own momentum, or leaves it.

    The momentum is drawn anew; the end of the path is accepted with probability
    min(1, exp(-gain of energy)). The transition is its own reversal.

    Args:
      log_density: z [C, D] -> [C] nats, up to a constant, differentiable, and [C] of
        what is to be known where the chains end.
      key: of the momenta and the decisions.
      z: [C, D].
      step_size: [C] or a scalar above 0, that does not depend on z.
      scale: [D] above 0, unit of each coordinate: the mass is 1 / scale^2.
      num_leapfrog: steps of a path.
      jitter: share by which the step size of each chain varies at random, lest paths
        end where they began.

    Returns:
      z [C, D], what was to be known there [C], and the probabilities [C] with which the
      ends were accepted.

    Numerics: an end whose density or gradient is not finite is not accepted.

    Source: Neal, "MCMC using Hamiltonian dynamics", Handbook of Markov Chain Monte
      Carlo, 2011, https://arxiv.org/abs/1206.1901.

    >>> normal = lambda z: (-0.5 * (z**2).sum(-1), z[:, 0])
    >>> start, one = jnp.zeros((4, 2)), jnp.ones(2)
    >>> z, first, accepted = hamiltonian_step(
    ...     normal, jax.random.key(0), start, jnp.float32(0.1), one, 5)
    >>> z.shape, bool((first == z[:, 0]).all()), bool((accepted > 0.95).all())
    ((4, 2), True, True)
    """
    chains, dimensions = z.shape
    # One draw for all that is random: generators take long to compile.
    least = np.nextafter(np.float32(-1), np.float32(0))
    drawn = jax.random.uniform(key, (chains, dimensions + 2), minval=least)
    momentum = math.sqrt(2) * jax.scipy.special.erfinv(drawn[:, :dimensions])
    factor = 1 + jitter * drawn[:, dimensions]
    size = jnp.broadcast_to(step_size * factor, (chains,))[:, None] * scale
    none = jnp.zeros(chains)

    def leap(number: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        """A kick and a drift; half a kick at both ends, where values are noted.

        One place where the density is differentiated: half the program to compile.
        """
        z, momentum, first, first_known, _, _ = state
        value, backward, known = jax.vjp(log_density, z, has_aux=True)
        is_first, is_last = number == 0, number == num_leapfrog
        kick = jnp.where(is_first | is_last, 0.5, 1.0)
        momentum = momentum + kick * size * backward(jnp.ones_like(value))[0]
        return (
            jnp.where(is_last, z, z + size * momentum),
            momentum,
            jnp.where(is_first, value, first),
            jnp.where(is_first, known, first_known),
            value,
            known,
        )

    start = (z, momentum, none, none, none, none)
    ended = jax.lax.fori_loop(0, num_leapfrog + 1, leap, start)
    end, last, first, first_known, value, known = ended
    log_ratio = value - first - 0.5 * (last**2 - momentum**2).sum(-1)
    is_end = jnp.isfinite(value) & ~jnp.isnan(log_ratio)
    accepted = jnp.where(is_end, jnp.exp(jnp.minimum(log_ratio, 0)), 0.0)
    moves = 0.5 * (1 + drawn[:, dimensions + 1]) < accepted
    z = jnp.where(moves[:, None], end, z)
    return z, jnp.where(moves, known, first_known), accepted
