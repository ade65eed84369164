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

PLACES = 40
"""R: a curve has at most R + 1 points."""

STEEPNESS = 4.0
"""Of the sigmoidal schedule."""

GAIN, FIRST_STEP, JITTER = 0.5, 0.3, 0.2


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
      tuning_chains: of that run.
      target: probability of acceptance that the step size is adapted to.
    """

    start: Literal["prior", "posterior"] = "prior"
    schedule: Literal["sigmoidal", "linear"] = "sigmoidal"
    num_chains: int = 16
    num_leapfrog: int = 10
    tuning_temperatures: int = 100
    tuning_chains: int = 4
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
        for name in ("num_chains", "num_leapfrog", "tuning_chains"):
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
      log_weights: [C] nats; forth, E[w] is the normaliser Z of f_1; back, from an
        exact draw of f_1 / Z, E[1 / w] is 1 / Z.
      acceptance: mean probability of acceptance.
      log_z: [R + 1] nats, forth: log of the mean weight at places of the way, see
        `places`.
      tilt: [R + 1] nats, forth: weighted mean of log f_1 - log f_0 there.
    """

    log_weights: Array
    acceptance: Array
    log_z: Array
    tilt: Array


def tune(path: Path, settings: Annealing, key: Array) -> Array:
    """Step sizes [tuning_temperatures], found by a run of its own along the path.

    After each transition the logarithm of the step size moves by half of what the
    probability of acceptance differs from its target.
    """
    begin_key, key = jax.random.split(key)
    total = settings.tuning_temperatures

    def step(carry: tuple[Array, Array], number: Array) -> tuple[Any, Array]:
        z, log_size = carry
        b = settings.inverse_temperature((number + 1) / total)
        z, accepted = _move(
            path, settings, b, jax.random.fold_in(key, number), z, jnp.exp(log_size)
        )
        moved = log_size + GAIN * (accepted.mean() - settings.target)
        return (z, moved), moved

    z = path.draw(begin_key, settings.tuning_chains)
    begin = (z, jnp.log(jnp.float32(FIRST_STEP)))
    return jnp.exp(jax.lax.scan(step, begin, jnp.arange(total))[1])


def anneal(
    path: Path,
    settings: Annealing,
    key: Array,
    step_sizes: Array,
    num_temperatures: Array,
    exact: Array | None = None,
) -> Annealed:
    """Runs C chains from f_0 to f_1, or back from a draw of f_1.

    Forth: z_0 ~ f_0, and for t = 1, ..., T the weight gains (b_t - b_{t-1})
    (log f_1 - log f_0)(z_{t-1}) and z_t comes of a transition that leaves f_{b_t} as it
    is. Back: the same transitions and gains in the opposite order.

    Args:
      path: what to go along.
      settings: how.
      key: of all draws.
      step_sizes: `tune`'s; fixed, so that nothing here depends on the chains.
      num_temperatures: T, traced.
      exact: [1, D] draw of f_1 / Z from which all chains go back; None to go forth.

    Returns:
      Weights, and what was met on the way.

    Source: Neal, "Annealed importance sampling", Statistics and Computing 11, 2001,
      https://arxiv.org/abs/physics/9803008; the way back: Grosse, Ghahramani, Adams,
      "Sandwiching the marginal likelihood using bidirectional Monte Carlo", 2015,
      https://arxiv.org/abs/1511.02543.
    """
    begin_key, key = jax.random.split(key)
    chains, grid = settings.num_chains, len(step_sizes)
    if exact is None:
        z = path.draw(begin_key, chains)
    else:
        z = jnp.broadcast_to(exact, (chains, exact.shape[-1]))
    total = num_temperatures

    def share(t: Array) -> Array:
        return t.astype(jnp.float32) / total

    def body(number: Array, carry: tuple[Array, ...]) -> tuple[Array, ...]:
        z, log_w, accepted, log_z, tilts = carry
        t = number + 1 if exact is None else total - number
        here = settings.inverse_temperature(share(t))
        before = settings.inverse_temperature(share(t - 1))
        place = jnp.clip((share(t) * grid).astype(int) - 1, 0, grid - 1)

        def moved() -> tuple[Array, Array]:
            own = jax.random.fold_in(key, t)
            return _move(path, settings, here, own, z, step_sizes[place])

        if exact is not None:
            z, probability = moved()
        tilt = path.tilt(z)
        log_w = log_w + (here - before) * tilt
        if exact is None:
            slot = (t * PLACES) // total
            log_z = log_z.at[slot].set(log_mean_exp(log_w))
            tilts = tilts.at[slot].set((jax.nn.softmax(log_w) * tilt).sum())
            z, probability = moved()
        return z, log_w, accepted + probability.mean() / total, log_z, tilts

    empty = jnp.full(PLACES + 1, jnp.nan)
    begin = (z, jnp.zeros(chains), jnp.float32(0.0), empty, empty)
    _, log_w, accepted, log_z, tilts = jax.lax.fori_loop(0, total, body, begin)
    return Annealed(log_w, accepted, log_z, tilts)


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


def _move(
    path: Path, settings: Annealing, b: Array, key: Array, z: Array, size: Array
) -> tuple[Array, Array]:
    """A transition at b; step sizes vary by chance, lest paths end where they began."""
    size_key, key = jax.random.split(key)
    factor = jax.random.uniform(size_key, z.shape[:1], minval=-JITTER, maxval=JITTER)
    sizes = size * (1 + factor)

    def target(z: Array) -> Array:
        return path.base(z) + b * path.tilt(z)

    return hamiltonian_step(target, key, z, sizes, path.scale, settings.num_leapfrog)
