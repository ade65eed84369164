"""What metrics ask of a trained run, and of their options."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from vaex.errors import InputError
from vaex.numerics import named_fold


def chosen_rows(
    data: Mapping[str, Any],
    num_examples: int | None,
    seed: int,
    taken: np.ndarray | Sequence[int] = (),
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A random part of a split, in its order, and which rows they are.

    Args:
      data: the split, name -> [N, ...].
      num_examples: how many, or all that there are.
      seed: of the choice.
      taken: rows that are not to be chosen.

    >>> chosen_rows({"x": np.arange(9)}, 4, 0, taken=[0, 1, 2, 3, 4])[1].tolist()
    [5, 6, 7, 8]
    """
    order = np.random.default_rng(seed).permutation(len(data["x"]))
    order = order[~np.isin(order, taken)]
    chosen = np.sort(order[:num_examples])
    return {name: values[chosen] for name, values in data.items()}, chosen


def checked_options(
    given: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Defaults, and what is given in their place.

    Raises:
      InputError: for an option that there is not, or a number that is too small.

    >>> checked_options({"num_draws": 9}, {"num_draws": 99, "seed": 0})
    {'num_draws': 9, 'seed': 0}
    """
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise InputError(
            f"options must be of {', '.join(defaults)}, got {', '.join(unknown)}"
        )
    found = {**defaults, **given}
    for name in ("num_examples", "num_draws", "test_examples", "bins"):
        value = found.get(name)
        if value is not None and value < 2:
            raise InputError(f"{name} must be at least 2, got {value}")
    return found


def model_of(run: Any) -> tuple[Any, Any, Any]:
    """Model, variables and preparation."""
    return run.model, run.variables, run.parts.preparation


def key_of(run: Any, name: str) -> jax.Array:
    """The key of a metric."""
    return named_fold(jax.random.key(run.config["seed"]), f"metrics: {name}")
