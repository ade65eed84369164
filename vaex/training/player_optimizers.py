"""An optimizer for the model, and another for what the objective learns."""

from collections.abc import Callable, Hashable

import optax

Factory = Callable[..., optax.GradientTransformation]


def two_players(model: Factory, objective: Factory) -> optax.GradientTransformation:
    """Updates the model by one optimizer, and the objective's own parts by another.

    These are a critic or a multiplier, say; without any the second has nothing to do.
    Both take their steps in one program, on the gradients of one loss. The numbers of
    both are traced, as `optimizer.model.learning_rate` and
    `optimizer.objective.learning_rate`, and so on.

    Args:
      model: factory of the optimizer of `params["model"]`.
      objective: factory of the optimizer of `params["objective"]`.

    Returns:
      The transformation of both.

    Source: two learning rates for two players: Heusel, Ramsauer, Unterthiner, Nessler,
      Hochreiter, "GANs Trained by a Two Time-Scale Update Rule Converge to a Local
      Nash Equilibrium", NeurIPS 2017, https://arxiv.org/abs/1706.08500.

    >>> optimizer = two_players(lambda: optax.sgd(1.0), lambda: optax.sgd(0.5))
    >>> params = {"model": 0.0, "objective": 0.0}
    >>> gradients = {"model": 1.0, "objective": 1.0}
    >>> updates, _ = optimizer.update(gradients, optimizer.init(params))
    >>> {player: float(update) for player, update in updates.items()}
    {'model': -1.0, 'objective': -0.5}
    """
    players: dict[Hashable, optax.GradientTransformation] = {
        "model": model(),
        "objective": objective(),
    }
    return optax.partition(players, lambda params: {name: name for name in params})
