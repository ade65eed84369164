"""Optimizer factories whose numbers are traced: thin covers of optax.

Each takes `learning_rate` and a `schedule`, a function of the step that multiplies
it (see `vaex.training.schedules`). Any optax factory works in their place; its
numbers are then structural, one compilation for each value.
"""

from collections.abc import Callable

import optax
from jax.typing import ArrayLike

from vaex.types import Fraction, NonNegative

Schedule = Callable[[ArrayLike], ArrayLike]


def _rate(
    learning_rate: NonNegative, schedule: Schedule | None
) -> optax.ScalarOrSchedule:
    if schedule is None:
        return learning_rate
    return lambda step: learning_rate * schedule(step)


def adam(
    learning_rate: NonNegative = 1e-3,
    b1: Fraction = 0.9,
    b2: Fraction = 0.999,
    eps: NonNegative = 1e-8,
    schedule: Schedule | None = None,
) -> optax.GradientTransformation:
    """Adam; `eps` is outside the root and meets gradients of batch means.

    Source: Kingma, Ba, "Adam", ICLR 2015, https://arxiv.org/abs/1412.6980.

    >>> adam(1e-3).init({"w": 0.0})[0].count.dtype
    dtype('int32')
    """
    return optax.adam(_rate(learning_rate, schedule), b1, b2, eps)


def adamw(
    learning_rate: NonNegative = 1e-3,
    b1: Fraction = 0.9,
    b2: Fraction = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: Fraction = 1e-4,
    schedule: Schedule | None = None,
) -> optax.GradientTransformation:
    """Adam with decoupled weight decay.

    Source: Loshchilov, Hutter, ICLR 2019, https://arxiv.org/abs/1711.05101.
    """
    rate = _rate(learning_rate, schedule)
    return optax.adamw(rate, b1, b2, eps, weight_decay=weight_decay)


def adagrad(
    learning_rate: NonNegative = 1e-2,
    eps: NonNegative = 1e-8,
    schedule: Schedule | None = None,
) -> optax.GradientTransformation:
    """Adagrad with accumulators that start at zero, as published.

    optax starts them at 0.1, which freezes models whose mean gradients are small. Its
    `eps` stands under the root: the published form, with eps beside the root, is that
    of eps^2 here where an accumulator is far above it.

    Source: Duchi, Hazan, Singer, JMLR 12, 2011.
    """
    return optax.adagrad(
        _rate(learning_rate, schedule), initial_accumulator_value=0.0, eps=eps
    )


def rmsprop(
    learning_rate: NonNegative = 1e-3,
    decay: Fraction = 0.9,
    eps: NonNegative = 1e-8,
    schedule: Schedule | None = None,
) -> optax.GradientTransformation:
    """Gradients over the root of their running mean square.

    Source: Tieleman, Hinton, COURSERA lecture 6.5, 2012.
    """
    return optax.rmsprop(_rate(learning_rate, schedule), decay=decay, eps=eps)


def sgd(
    learning_rate: NonNegative = 1e-2,
    momentum: Fraction = 0.0,
    schedule: Schedule | None = None,
) -> optax.GradientTransformation:
    """Stochastic gradient descent with momentum."""
    return optax.sgd(_rate(learning_rate, schedule), momentum=momentum)
