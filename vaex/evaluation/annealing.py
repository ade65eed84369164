"""Annealed importance sampling along f_b = f_0^(1 - b) f_1^b, forth and back.

C chains, D numbers of z, T temperatures, R + 1 places of a curve.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from vaex.errors import InputError
from vaex.evaluation.hamiltonian import hamiltonian_step
from vaex.numerics import log_mean_exp
from vaex.threefry import fold_in

PLACES = 40
"""R: a curve has at most R + 1 points."""

STEEPNESS = 4.0
"""Of the sigmoidal schedule."""

GAIN, FIRST_STEP = 0.5, 0.3


@dataclass(frozen=True)
class Annealing:
    """How an annealing is done.

    Attributes:
      start: f_0: the "prior", or the "posterior": the diagonal Gaussian with the mean
        and standard deviation of q(z|x), which is nearer.
      schedule: of b over the T temperatures: "sigmoidal" (slow at both ends) or
        "linear".
      num_chains: C for each example.
      num_leapfrog: steps of each transition.
      tuning_temperatures: of the run before, in which the step size is adapted.
      target: probability of acceptance that the step size is adapted to.
    """

    start: Literal["prior", "posterior"] = "prior"
    schedule: Literal["sigmoidal", "linear"] = "sigmoidal"
    num_chains: int = 16
    num_leapfrog: int = 10
    tuning_temperatures: int = 100
    target: float = 0.65

    def __post_init__(self) -> None:
        choices = {
            "start": ("prior", "posterior"),
            "schedule": ("sigmoidal", "linear"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name} must be {' or '.join(allowed)}, got "
                    f"{getattr(self, name)!r}"
                )
        for name in ("num_chains", "num_leapfrog"):
            if getattr(self, name) < 1:
                raise InputError(
                    f"{name} must be at least 1, got {getattr(self, name)}"
                )
        if self.tuning_temperatures < 2:
            raise InputError(
                f"tuning_temperatures must be at least 2, got "
                f"{self.tuning_temperatures}"
            )
        if not 0 < self.target < 1:
            raise InputError(f"target must lie between 0 and 1, got {self.target}")

    def inverse_temperature(self, share: Any) -> Any:
        """B at a share t / T of the way: 0 at 0, 1 at 1.

        >>> Annealing(schedule="linear").inverse_temperature(np.array([0.0, 0.25]))
        array([0.  , 0.25])
        """
        if self.schedule == "linear":
            return share
        tanh = jnp.tanh if isinstance(share, Array) else np.tanh
        # The logistic function of 2 d (share - 1/2), moved to begin at 0 and end at 1.
        ends = math.tanh(STEEPNESS / 2)
        return 0.5 + 0.5 * tanh(STEEPNESS * (share - 0.5)) / ends


class Path(NamedTuple):
    """Two densities and how to begin.

    Attributes:
      base: z [C, D] -> log f_0 [C], normalised, nats.
      tilt: z [C, D] -> log f_1 - log f_0 [C], nats.
      draw: (key, C) -> z ~ f_0, [C, D].
      scale: [D] unit of the coordinates.
    """

    base: Callable[[Array], Array]
    tilt: Callable[[Array], Array]
    draw: Callable[[Array, int], Array]
    scale: Array


class Annealed(NamedTuple):
    """What a run along a path gave.

    Attributes:
      log_weights: [C] nats, forth: E[w] is the normaliser Z of f_1.
      log_weights_back: [C] nats, from an exact draw of f_1 / Z: E[1 / w] is 1 / Z;
        None where there was no such draw.
      acceptance: mean probability of acceptance.
      log_z: [R + 1] nats, forth: log of the mean weight at places of the way, see
        `places`.
      tilt: [R + 1] nats, forth: weighted mean of log f_1 - log f_0 there.
    """

    log_weights: Array
    log_weights_back: Array | None
    acceptance: Array
    log_z: Array
    tilt: Array


def anneal(
    path: Path,
    settings: Annealing,
    key: Array,
    num_temperatures: Array,
    exact: Array | None = None,
) -> Annealed:
    """Runs C chains from f_0 to f_1, and C more back from an exact draw of f_1.

    Forth: z_0 ~ f_0, and for t = 1, ..., T the weight gains (b_t - b_{t-1})
    (log f_1 - log f_0)(z_{t-1}) and z_t comes of a transition that leaves f_{b_t} as it
    is. Back: the same transitions and gains in the opposite order.

    A run before this one, of `tuning_temperatures` and with random numbers of its own,
    finds a step size for each part of the way: after each transition its logarithm
    moves by half of what the chains' probability of acceptance, forth, differs from the
    target. In the run that counts step sizes are fixed, so that they depend neither on
    its chains nor on the exact draw, and the bounds hold.

    Args:
      path: what to go along.
      settings: how.
      key: of all draws.
      num_temperatures: T, traced.
      exact: [1, D] draw of f_1 / Z from which chains go back; None to go forth only.

    Returns:
      Weights, and what was met on the way.

    Source: Neal, "Annealed importance sampling", Statistics and Computing 11, 2001,
      https://arxiv.org/abs/physics/9803008; the way back: Grosse, Ghahramani, Adams,
      "Sandwiching the marginal likelihood using bidirectional Monte Carlo", 2015,
      https://arxiv.org/abs/1511.02543.
    """
    chains, grid = settings.num_chains, settings.tuning_temperatures
    is_back = np.arange(chains * (1 if exact is None else 2)) >= chains

    def phase(number: Array, carry: tuple[Array, ...]) -> tuple[Array, ...]:
        """A run: the one that finds step sizes, then the one that counts."""
        is_tuning, sizes = number == 0, carry[0]
        total = jnp.where(is_tuning, grid, num_temperatures)
        begin_key, own_key = jax.random.split(fold_in(key, number))
        z = path.draw(begin_key, chains)
        if exact is not None:
            z = jnp.concatenate([z, jnp.broadcast_to(exact, z.shape)])

        def body(done: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
            z, tilt, log_w, accepted, log_z, tilts, log_size, sizes = state
            t = jnp.where(is_back, total - done, done + 1)
            b = settings.inverse_temperature(t / total)
            gain = b - settings.inverse_temperature((t - 1) / total)
            log_w = log_w + jnp.where(is_back, 0.0, gain * tilt)
            slot = ((done + 1) * PLACES) // total
            forth = log_w[:chains]
            log_z = log_z.at[slot].set(log_mean_exp(forth))
            mean = (jax.nn.softmax(forth) * tilt[:chains]).sum()
            tilts = tilts.at[slot].set(mean)
            place = jnp.clip((t * grid + total - 1) // total - 1, 0, grid - 1)
            size = jnp.where(is_tuning, jnp.exp(log_size), sizes[place])
            own = fold_in(own_key, done)

            def target(z: Array) -> tuple[Array, Array]:
                tilt = path.tilt(z)
                return path.base(z) + b * tilt, tilt

            z, tilt, probability = hamiltonian_step(
                target, own, z, size, path.scale, settings.num_leapfrog
            )
            log_w = log_w + jnp.where(is_back, gain * tilt, 0.0)
            rate = probability[:chains].mean()
            log_size = log_size + GAIN * (rate - settings.target)
            tuned = sizes.at[place[0]].set(jnp.exp(log_size))
            sizes = jnp.where(is_tuning, tuned, sizes)
            accepted = accepted + probability.mean() / total
            return z, tilt, log_w, accepted, log_z, tilts, log_size, sizes

        zero, empty = jnp.float32(0.0), jnp.full(PLACES + 1, jnp.nan)
        first = jnp.log(jnp.float32(FIRST_STEP))
        none = jnp.zeros(len(is_back))
        state = (z, path.tilt(z), none, zero, empty, empty, first, sizes)
        ended = jax.lax.fori_loop(0, total, body, state)
        return ended[-1], *ended[2:6]

    sizes, empty = jnp.full(grid, FIRST_STEP), jnp.full(PLACES + 1, jnp.nan)
    begin = (sizes, jnp.zeros(len(is_back)), jnp.float32(0.0), empty, empty)
    _, log_w, accepted, log_z, tilts = jax.lax.fori_loop(0, 2, phase, begin)
    back = None if exact is None else log_w[chains:]
    return Annealed(log_w[:chains], back, accepted, log_z, tilts)


def places(settings: Annealing, num_temperatures: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the R + 1 places of a curve are filled, and b there.

    >>> slots, b = places(Annealing(schedule="linear"), 2)
    >>> slots.tolist(), b.tolist()
    ([20, 40], [0.5, 1.0])
    """
    t = np.arange(1, num_temperatures + 1)
    slots = t * PLACES // num_temperatures
    last = np.append(slots[1:] != slots[:-1], True)
    shares = t[last] / num_temperatures
    return slots[last], np.asarray(settings.inverse_temperature(shares))
