"""Unit schedules: functions of the step that multiply a traced hyperparameter.

A schedule is a multiplier, not a value, so that the value it multiplies stays a
traced leaf: one compilation for every learning rate.
"""

import itertools
import math
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from vaex.errors import InputError


def linear_warmup(steps: int) -> Callable[[ArrayLike], Array]:
    """Rises linearly from 1/steps to 1 over the first `steps` steps.

    >>> [float(linear_warmup(4)(step)) for step in (0, 3, 10)]
    [0.25, 1.0, 1.0]
    """
    _check_steps(steps=steps)
    return lambda step: jnp.minimum(1.0, (jnp.asarray(step) + 1.0) / steps)


def cyclic(steps: int, ramp: float = 0.5) -> Callable[[ArrayLike], Array]:
    """Cycles of `steps` steps: a linear rise over the share `ramp` of each, then 1.

    Step t of a cycle has the value min(1, (t / steps) / ramp), so each starts at 0.

    Source: Fu, Li, Liu, Gao, Celikyilmaz, Carin, "Cyclical Annealing Schedule: A
      Simple Approach to Mitigating KL Vanishing", NAACL 2019,
      https://arxiv.org/abs/1903.10145 (there a number of cycles is given, not their
      length, which needs no number of steps in all).

    >>> [float(cyclic(4)(step)) for step in (0, 1, 2, 3, 4, 5)]
    [0.0, 0.5, 1.0, 1.0, 0.0, 0.5]
    """
    _check_steps(steps=steps)
    if not 0.0 < ramp <= 1.0:
        raise InputError(f"ramp must be above 0 and at most 1, got {ramp}")
    return lambda step: jnp.minimum(1.0, jnp.asarray(step) % steps / (steps * ramp))


def cosine(steps: int, floor: float = 0.0) -> Callable[[ArrayLike], Array]:
    """Falls from 1 to `floor` along half a cosine over `steps` steps.

    >>> [round(float(cosine(10)(step)), 3) for step in (0, 5, 20)]
    [1.0, 0.5, 0.0]
    """
    _check_steps(steps=steps)
    _check_share(floor=floor)

    def multiplier(step: ArrayLike) -> Array:
        done = jnp.minimum(1.0, jnp.asarray(step) / steps)
        return floor + (1.0 - floor) * 0.5 * (1.0 + jnp.cos(jnp.pi * done))

    return multiplier


def warmup_cosine(
    warmup_steps: int, steps: int, floor: float = 0.0
) -> Callable[[ArrayLike], Array]:
    """Rises linearly over `warmup_steps`, then falls to `floor` until step `steps`.

    The rise is `linear_warmup`'s, the fall half a cosine over the steps that are left.

    Source: Goyal et al., "Accurate, Large Minibatch SGD", 2017, for the warm-up,
      https://arxiv.org/abs/1706.02677; Loshchilov, Hutter, "SGDR", ICLR 2017, for the
      cosine, https://arxiv.org/abs/1608.03983.

    >>> [round(float(warmup_cosine(2, 6)(step)), 2) for step in range(7)]
    [0.5, 1.0, 1.0, 0.85, 0.5, 0.15, 0.0]
    """
    _check_steps(warmup_steps=warmup_steps, steps=steps)
    if steps <= warmup_steps:
        raise InputError(
            f"steps must be more than the {warmup_steps} of warmup_steps, which are "
            f"among them, got {steps}"
        )
    rise, fall = linear_warmup(warmup_steps), cosine(steps - warmup_steps, floor)

    def multiplier(step: ArrayLike) -> Array:
        falling = jnp.maximum(0, jnp.asarray(step) - warmup_steps)
        return rise(step) * fall(falling)

    return multiplier


def exponential(steps: int, floor: float = 0.01) -> Callable[[ArrayLike], Array]:
    """Falls from 1 to `floor` by the same factor each step, over `steps` steps.

    >>> [round(float(exponential(2, floor=0.25)(step)), 2) for step in (0, 1, 2, 3)]
    [1.0, 0.5, 0.25, 0.25]
    """
    _check_steps(steps=steps)
    if not 0.0 < floor <= 1.0:
        raise InputError(f"floor must be above 0 and at most 1, got {floor}")

    def multiplier(step: ArrayLike) -> Array:
        done = jnp.minimum(1.0, jnp.asarray(step) / steps)
        return jnp.exp(math.log(floor) * done)

    return multiplier


def piecewise(
    boundaries: tuple[int, ...], factor: float = 0.1
) -> Callable[[ArrayLike], Array]:
    """Multiplied by `factor` at each of the boundaries: factor^#{b <= step}.

    The rate of Burda, Grosse, Salakhutdinov (ICLR 2016,
    https://arxiv.org/abs/1509.00519), 10^(-i/7) for 3^i passes over the data, has the
    boundaries 1, 4, 13, 40, ... times the steps of a pass, and factor 10^(-1/7).

    >>> [round(float(piecewise((2, 3))(step)), 2) for step in (0, 1, 2, 3, 9)]
    [1.0, 1.0, 0.1, 0.01, 0.01]
    """
    increasing = all(a < b for a, b in itertools.pairwise(boundaries))
    if not boundaries or boundaries[0] < 1 or not increasing:
        raise InputError(
            "boundaries must be steps from 1 on, increasing and at least one, got "
            f"{list(boundaries)}"
        )
    if not 0.0 < factor < math.inf:
        raise InputError(f"factor must be above 0, got {factor}")

    def multiplier(step: ArrayLike) -> Array:
        passed = (jnp.asarray(step)[..., None] >= jnp.asarray(boundaries)).sum(-1)
        return jnp.exp(math.log(factor) * passed)

    return multiplier


def inverse_square_root(warmup_steps: int) -> Callable[[ArrayLike], Array]:
    """Rises linearly over W steps, then falls like sqrt(W / (step + 1)), for ever.

    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017,
      https://arxiv.org/abs/1706.03762; here 1 at its highest.

    >>> [float(inverse_square_root(4)(step)) for step in (0, 3, 15)]
    [0.25, 1.0, 0.5]
    """
    _check_steps(warmup_steps=warmup_steps)

    def multiplier(step: ArrayLike) -> Array:
        share = (jnp.asarray(step) + 1.0) / warmup_steps
        return jnp.minimum(share, 1.0 / jnp.sqrt(share))

    return multiplier


def _check_steps(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")


def _check_share(**shares: float) -> None:
    for name, value in shares.items():
        if not 0.0 <= value <= 1.0:
            raise InputError(f"{name} must lie between 0 and 1, got {value}")
